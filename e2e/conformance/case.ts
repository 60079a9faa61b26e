/** The form of the table: a case is a sentence and what is asked and answered, step by step. Texts may hold `{name}`: a value known by then. */

export type Side = 'real' | 'embedded';

export interface Case {
  /** What holds, as a sentence. */
  says: string;
  steps: Step[];
  /** It is told on one side alone, for this reason. */
  only?: { side: Side; because: string };
  /** It disturbs others: the last ones, one after the other. */
  alone?: true;
}

export type Step = RequestStep | WatchStep | EventsStep | KubectlStep | FinishStep | HearStep | CompactStep;

/** One request and its answer. Expectations say what must be there; what they do not name may be there too. */
export interface RequestStep {
  /** Method and path, e.g. `GET {widgets}/{name}?limit=1`. */
  ask: string;
  body?: unknown;
  /** Content-Type of the body; default application/json. */
  type?: string;
  accept?: string;
  /** `nobody`, or the text of a bearer token; default: the administrator. */
  as?: string;
  code: number;
  answer?: unknown;
  /** The answer as it came, where it is no JSON. */
  text?: string | RegExp;
  headers?: Record<string, string | RegExp | undefined>;
  /** Values of the answer to know from here on: name → path, e.g. `metadata.resourceVersion`. */
  keep?: Record<string, string>;
  /** The server needs a moment: asked again until it is so, for 10 s at most. */
  eventually?: true;
}

/** Opens a watch, which the case's later steps read. */
export interface WatchStep {
  watch: string;
  accept?: string;
}

/** The next events of the watch, in order; with `ended`, they are the last ones. */
export interface EventsStep {
  events: unknown[];
  ended?: true;
  /** Events of other names are passed over: other cases work on the same kind. */
  named?: string;
}

/** A command of kubectl, or of helm, in the case's own namespace. */
export interface KubectlStep {
  tool?: 'helm';
  kubectl: string | readonly string[];
  /** Objects given on standard input, as YAML. */
  stdin?: unknown;
  /** Default 0. */
  exit?: number;
  /** Standard output; of `-o json` as `json`. */
  out?: string | RegExp;
  json?: unknown;
  err?: string | RegExp;
  /** What `kubectl edit` finds for an editor: a script of sed. */
  editor?: string;
  /** Goes on while the next steps are done, until `finish`. */
  background?: true;
}

/** Waits for the command that was left in the background, or ends it. */
export interface FinishStep {
  finish: true | 'stop';
  out?: string | RegExp;
}

/** Waits until the command in the background has written what fits. */
export interface HearStep {
  hear: RegExp;
}

/** The server forgets its history. */
export interface CompactStep {
  compact: true;
}
