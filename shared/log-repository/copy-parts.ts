import { appendManifest, listNumbers, readHead, readLink } from './chain.ts';
import { walkChain } from './chain-walk.ts';
import { isContainerDefect, readBackSegment } from './container-check.ts';
import { commonContent, copiedContent, isCopyPair, segmentsToCopy } from './copied-manifest.ts';
import { copySegment } from './copy-segment.ts';
import { chainFolder, indexName, manifestName, parseLogName } from './log-names.ts';
import { encodeManifest, manifestHash } from './manifest.ts';
import { measureSegment } from './measure-segment.ts';
import { appendOwn } from './own-statement.ts';
import { ReplacedSegments } from './replaced-segments.ts';
import { auditIndex, auditSegment } from './segment-audit.ts';

/**
 * What copy, repair, verify and retention do with repositories. Operations get it as an argument,
 * because they import adapters as types only.
 */
export const copyParts = {
  ...{ auditIndex, auditSegment, commonContent, measureSegment },
  ...{ appendManifest, appendOwn, chainFolder, copiedContent, copySegment, encodeManifest },
  ...{ indexName, isContainerDefect, isCopyPair, listNumbers, manifestHash, manifestName },
  ...{ parseLogName, readBackSegment, readHead, readLink, segmentsToCopy, walkChain },
  replacedSegments: () => new ReplacedSegments(),
};

export type CopyParts = typeof copyParts;
