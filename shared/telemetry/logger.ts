/** Fields of a log line: ids, counts, codes. Never object content, names, tokens or URLs. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Constant messages with fields; the functions host puts them into its own log. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
