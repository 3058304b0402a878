import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { ContainerHeader } from './container-header.ts';

/** The number of the footer; frames have lower ones. */
export const FOOTER_NUMBER = 0xffff_ffff;
export const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** What binds a frame to its place. */
export type FramePlace = Omit<ContainerHeader, 'wrappedKey'>;

/** AES-256-GCM: ciphertext and then the tag. Each number may be used once under a data key. */
export function sealFrame(key: Buffer, place: FramePlace, number: number, text: Buffer): Buffer[] {
  const cipher = createCipheriv(CIPHER, key, nonceOf(number));
  cipher.setAAD(associatedData(place, number));
  return [cipher.update(text), cipher.final(), cipher.getAuthTag()];
}

/** Throws node's own error when anything does not fit. */
export function openFrame(key: Buffer, place: FramePlace, number: number, sealed: Buffer): Buffer {
  const end = sealed.length - TAG_BYTES;
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(CIPHER, key, nonceOf(number), options);
  decipher.setAAD(associatedData(place, number));
  decipher.setAuthTag(sealed.subarray(Math.max(end, 0)));
  const text = decipher.update(sealed.subarray(0, Math.max(end, 0)));
  decipher.final();
  return text;
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 8);
  return nonce;
}

/** Each part behind its length, so that no two places give the same bytes. */
function associatedData(place: FramePlace, number: number): Buffer {
  const { tenant, source, segmentId, content, codec } = place;
  const parts = [tenant, source, segmentId, content, String(number), codec].map((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat(parts);
}
