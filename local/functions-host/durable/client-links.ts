/** Builds the links of the management API and the durable client binding. */
export class ClientLinks {
  readonly #origin: string;
  readonly #hubName: string;

  /** @param origin such as http://localhost:7071, under which the links are to be reached */
  constructor(origin: string, hubName: string) {
    this.#origin = origin;
    this.#hubName = hubName;
  }

  /** What a start answers; the genuine extension leaves the rewind link out there. */
  startLinks(instanceId: string): Record<string, string> {
    const links = this.#managementLinks(encodeURIComponent(instanceId));
    delete links['rewindPostUri'];
    return { ...links, id: instanceId };
  }

  /**
   * Value of a durableClient input binding: JSON text the SDK parses.
   * @param rpcOrigin where the SDK itself calls
   */
  binding(rpcOrigin: string): string {
    const create = `${this.#base()}/orchestrators/{functionName}[/{instanceId}]?`;
    return JSON.stringify({
      taskHubName: this.#hubName,
      connectionName: null,
      creationUrls: {
        createNewInstancePostUri: create,
        createAndWaitOnNewInstancePostUri: `${create}timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&`,
      },
      managementUrls: this.#managementLinks('INSTANCEID'),
      baseUrl: this.#base(),
      requiredQueryStringParameters: '',
      rpcBaseUrl: `${rpcOrigin}/durabletask/`,
    });
  }

  #base(): string {
    return `${this.#origin}/runtime/webhooks/durabletask`;
  }

  #managementLinks(id: string): Record<string, string> {
    const instance = `${this.#base()}/instances/${id}`;
    const query = `taskHub=${this.#hubName}&connection=Storage`;
    return {
      id,
      statusQueryGetUri: `${instance}?${query}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
      purgeHistoryDeleteUri: `${instance}?${query}`,
      restartPostUri: `${instance}/restart?${query}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
      resumePostUri: `${instance}/resume?reason={text}&${query}`,
    };
  }
}
