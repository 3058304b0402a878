import { slicePage } from '../json/sliced-page.ts';
import { badPage } from './bad-page.ts';
import type { GraphAnswer } from './graph-answer.ts';
import type { RawPage } from './graph-request.ts';
import { type PageContext, readLinks } from './page-body.ts';

/**
 * The page of a list whose items stay bytes. Anything that is not exactly one is a graphBadAnswer,
 * never an empty page; links that lead elsewhere are graphLinkRefused.
 */
export function readRawPage(answer: GraphAnswer, context: PageContext): RawPage {
  const body = answer.bytes?.();
  if (body === undefined) throw badPage('the answer is empty', 'empty');
  const { items, envelope } = slicePage(body);
  const { nextLink } = readLinks(envelope, context);
  return {
    items,
    ...(nextLink === undefined ? {} : { nextLink }),
    startedAt: context.startedAt,
  };
}
