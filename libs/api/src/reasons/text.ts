/** What the catalogue says about a reason. */
export interface ReasonText {
  /** What it means, one sentence. */
  readonly meaning: string;
  /** What a person does about it, one sentence; '' where nothing needs to be done. */
  readonly fix: string;
}
