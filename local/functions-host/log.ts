/** Levels as the Functions host names them. */
export type LogLevel =
  | 'trace'
  | 'debug'
  | 'information'
  | 'warning'
  | 'error'
  | 'critical'
  | 'none';

/** One line of the host's output. `category` is `Function.<name>.User` for the app's own lines. */
export interface LogLine {
  time: string;
  level: LogLevel;
  category: string;
  message: string;
  invocationId?: string;
}

/** Receives every line; never throws. */
export type LogSink = (line: LogLine) => void;

/** Writes to a sink under fixed categories. */
export interface Logger {
  write(level: LogLevel, category: string, message: string, invocationId?: string): void;
}

/** A logger that stamps lines with the wall clock and hands them to `sink`. */
export function createLogger(sink: LogSink): Logger {
  return {
    write(level, category, message, invocationId) {
      const line: LogLine = { time: new Date().toISOString(), level, category, message };
      if (invocationId !== undefined) line.invocationId = invocationId;
      sink(line);
    },
  };
}

/** The default sink: one JSON object per line on standard output. */
export function writeLineToStdout(line: LogLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
