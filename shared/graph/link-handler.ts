import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { callOf } from './call-of.ts';
import { checkLink } from './link-guard.ts';

/**
 * First of the chain: puts the link in place of the URL, because the Graph client re-orders query
 * parameters of links and a skip token is only good as it was sent. Refuses before a token is asked
 * for.
 */
export class LinkHandler implements Middleware {
  private readonly origin: string;
  private next: Middleware | undefined;

  constructor(origin: string) {
    this.origin = origin;
  }

  setNext(next: Middleware): void {
    this.next = next;
  }

  async execute(context: Context): Promise<void> {
    const call = callOf(context);
    if (call.plan.link !== undefined) {
      try {
        checkLink(call.plan.link, call.plan.request, this.origin);
      } catch (error) {
        call.failure = error;
        throw error;
      }
      context.request = call.plan.link;
    }
    await this.next?.execute(context);
  }
}
