import type { OpaqueId } from '@onsale/kernel';

/** Ids are BINARY(16) in the database and 22 characters of base64url everywhere else. */
export const bytesOf = (id: OpaqueId): Buffer => Buffer.from(id, 'base64url');
export const idOf = (bytes: Buffer): OpaqueId => bytes.toString('base64url') as OpaqueId;
