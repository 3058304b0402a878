// The local functions host: runs an unmodified Azure Functions app (v4 model for Node.js, with
// Durable Functions) on a laptop, as the real host would. It plays the language worker, the HTTP
// and timer listeners and the durable extension. It is never deployed, knows nothing about backups
// and must not be kinder to the app than the cloud is.
//   node local/functions-host/main.ts --app DIR --port 7071 --hub FILE.sqlite [--chaos SEED] [--quiet]
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startFunctionsHost } from './host.ts';
import { HostError } from './host-error.ts';
import { writeLineToStdout } from './log.ts';

function readNumber(text: string, name: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text)) throw new HostError(`--${name} needs a whole number, not "${text}"`);
  return value;
}

const OPTIONS = {
  app: { type: 'string', default: '.' },
  port: { type: 'string', default: '7071' },
  hub: { type: 'string', default: '.local/task-hub.sqlite' },
  chaos: { type: 'string' },
  quiet: { type: 'boolean', default: false },
} as const;

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HostError(message, { cause });
  }
}

function readOptions() {
  const values = readArguments();
  const port = readNumber(values.port, 'port');
  if (port > 65_535) throw new HostError(`--port needs a number up to 65535, not "${port}"`);
  return {
    directory: values.app,
    port,
    hub: values.hub,
    chaosSeed: values.chaos === undefined ? undefined : readNumber(values.chaos, 'chaos'),
    log: values.quiet ? () => {} : writeLineToStdout,
  };
}

/** The app's own message is worth more than our stack; an unknown error keeps its stack. */
function explain(error: unknown): string {
  if (error instanceof HostError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

let ending = false;

function fail(message: string): void {
  ending = true;
  process.stderr.write(`${message}\n`, () => process.exit(1));
}

// The app runs in this process. The real worker dies of the same and is started again; here nobody
// does that, so it must be plain what happened.
function watchApp(): void {
  process.once('uncaughtException', ({ stack, message }) => {
    fail(`an error that no function waits for ends the process: ${stack ?? message}`);
  });
  process.once('exit', (code) => {
    if (ending) return;
    process.exitCode = 1;
    writeSync(2, `the app ended the process: it called process.exit(${code})\n`);
  });
}

try {
  const host = await startFunctionsHost(readOptions());
  watchApp();
  const stop = () => {
    ending = true;
    void host.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(`the functions host did not stop cleanly: ${explain(error)}`),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`ready ${host.url}\n`);
} catch (error) {
  process.stderr.write(`the functions host cannot start: ${explain(error)}\n`, () =>
    process.exit(1),
  );
}
