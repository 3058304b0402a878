/**
 * A reason why the host cannot start or go on, worded for the person at the terminal.
 * The command line prints the message alone and exits with code 1.
 */
export class HostError extends Error {
  override name = 'HostError';
}
