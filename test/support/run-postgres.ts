// Starts PostgreSQL in a process of its own, so that a test can kill that process.
import { startPostgres } from '../../local/postgres.ts';

const running = await startPostgres({ dataDir: process.argv[2] ?? '', volatile: true });
process.stdout.write(`${JSON.stringify(running)}\n`);
setInterval(() => undefined, 60_000);
