import type { InvocationFailure } from '../worker/invocation.ts';
import type { FailureText } from './history.ts';

const HRESULT = -2146233088;
const FRAMES = '   at FunctionsHost.Worker.Invoker.Invoke(RegisteredFunction function)';

/**
 * What an orchestrator gets to see of a failed activity (F1, F2): the text of a serialized .NET
 * exception, because that is what orchestrators in the cloud have to live with.
 */
export function activityFailure(name: string, failure: InvocationFailure): FailureText {
  const result = `Result: Failure\nException: ${failure.message}\nStack: ${failure.stack}`;
  const inner = {
    $type:
      'Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script',
    Message: result,
    Data: { $type: 'System.Collections.ListDictionaryInternal, System.Private.CoreLib' },
    InnerException: null,
    HelpLink: null,
    Source: 'host',
    HResult: HRESULT,
    StackTrace: FRAMES,
  };
  const details = {
    $type: 'System.Exception, System.Private.CoreLib',
    ClassName: 'System.Exception',
    Message: ` ${failure.message}`,
    Data: null,
    InnerException: inner,
    HelpURL: null,
    StackTraceString: null,
    RemoteStackTraceString: null,
    RemoteStackIndex: 0,
    ExceptionMethod: null,
    HResult: HRESULT,
    Source: null,
    WatsonBuckets: null,
  };
  return {
    reason: `Activity function '${name}' failed:  ${failure.message}`,
    details: JSON.stringify(details),
  };
}
