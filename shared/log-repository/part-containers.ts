import { openContainer } from './container-reader.ts';
import { storeContainer } from './container-writer.ts';
import { compress } from './frame-codec.ts';
import { chainFolder } from './log-names.ts';

/**
 * Sealed containers of other content than logs. Operations get it as an argument, because they import
 * adapters as types only.
 */
export const partContainers = { chainFolder, compress, openContainer, storeContainer };

export type PartContainers = typeof partContainers;
