import type { RuntimeStatus } from '../store/records.ts';

/** Error the management API answers with the .NET type name of the genuine extension. */
export abstract class EngineError extends Error {
  abstract readonly exceptionType: string;
}

export class ArgumentError extends EngineError {
  override name = 'ArgumentError';
  readonly exceptionType = 'System.ArgumentException';
  readonly summary: string;

  constructor(summary: string, message: string) {
    super(message);
    this.summary = summary;
  }

  static unknownOrchestrator(name: string, known: string[]): ArgumentError {
    const list = known.map((n) => `'${n}'`).join(', ');
    const text = `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`;
    const info = `Additional info: The following are the known orchestrator functions: ${list}.`;
    return new ArgumentError(INCORRECT, `${text} ${info}`);
  }

  static reservedId(): ArgumentError {
    const text = "instanceId (Parameter 'Orchestration instance ids must not start with @.')";
    return new ArgumentError(INCORRECT, text);
  }

  static forbiddenCharacter(): ArgumentError {
    const text =
      "instanceId (Parameter 'Orchestration instance ids must not contain /, \\, #, ?, or control characters.')";
    return new ArgumentError(INCORRECT, text);
  }

  static idTooLong(limit: number): ArgumentError {
    return new ArgumentError(INCORRECT, `Instance ID lengths must not exceed ${limit} characters.`);
  }

  static badWait(name: string): ArgumentError {
    return new ArgumentError(INCORRECT, `${name} must be a number of seconds above 0.`);
  }

  static unknownInstance(instanceId: string): ArgumentError {
    // The spelling is the genuine extension's.
    const text = `An orchestrastion with the instanceId ${instanceId} was not found.`;
    return new ArgumentError('InstanceId does not match a valid orchestration instance.', text);
  }
}

const INCORRECT = 'One or more of the arguments submitted is incorrect';

export class AlreadyExistsError extends EngineError {
  override name = 'AlreadyExistsError';
  readonly exceptionType = 'DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException';

  constructor(status: RuntimeStatus) {
    super(`An Orchestration instance with the status ${status} already exists.`);
  }
}

export class InvalidOperationError extends EngineError {
  override name = 'InvalidOperationError';
  readonly exceptionType = 'System.InvalidOperationException';
}
