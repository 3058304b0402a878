/** How an id is shown wherever one appears (DESIGN 11 *Reference*). */
export interface Reference {
  readonly id: string;
  readonly type: string;
  readonly displayName: string | null;
  readonly userPrincipalName?: string;
  readonly appId?: string;
  readonly state: 'live' | 'recycleBin' | 'gone' | 'unknown';
  /** The id under which the object lives now, after a re-creation. */
  readonly currentId?: string;
}
