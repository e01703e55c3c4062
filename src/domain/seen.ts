/** The files of a job when it is given to an engine, by their versions: what the engine has read must be of these. */
export interface Seen {
  readonly model: string;
  /** By id. */
  readonly loras: Readonly<Record<string, string>>;
  /** Null where the job has no use for a face detector. */
  readonly detector: string | null;
}
