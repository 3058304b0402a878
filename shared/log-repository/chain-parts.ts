import { appendManifest, readHead, readLink } from './chain.ts';
import { walkChain } from './chain-walk.ts';
import { chainFolder, manifestName, parseLogName } from './log-names.ts';
import { openSegment } from './segment-reader.ts';
import { openSegmentWriter } from './segment-writer.ts';

/**
 * Chains and segments, by what they do. Operations get it as an argument, because they import
 * adapters as types only.
 */
export const chainParts = {
  appendManifest,
  chainFolder,
  manifestName,
  openSegment,
  openSegmentWriter,
  parseLogName,
  readHead,
  readLink,
  walkChain,
};

export type ChainParts = typeof chainParts;
