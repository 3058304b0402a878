import { readHead, readLink } from './chain.ts';
import { isContainerDefect, namedIndex } from './container-check.ts';
import { openIndex } from './index-reader.ts';
import {
  chainFolder,
  manifestName,
  manifestPrefix,
  parseLogName,
  timePrefix,
} from './log-names.ts';
import { recordDigest } from './record-line.ts';
import { ReplacedSegments } from './replaced-segments.ts';
import { openSegment } from './segment-reader.ts';

/**
 * What reads logs by their time and content. Operations get it as an argument, because they import
 * adapters as types only.
 */
export const searchParts = {
  ...{ chainFolder, isContainerDefect, manifestName, manifestPrefix, namedIndex, openIndex },
  ...{ openSegment, parseLogName, readHead, readLink, recordDigest, timePrefix },
  replacedSegments: () => new ReplacedSegments(),
};

export type SearchParts = typeof searchParts;
