/** What the log of a card tells about an installation: how far it is, how it ended. Pure. */
import type { FailureClass, Reason } from '@dpf/api';

export interface LogStory {
  /** 0..100 of what comes after the push. */
  percent: number;
  /** What the card does, for people. */
  message: string;
  /** The installer has begun: whatever boots afterwards is not the old software. */
  installer?: boolean;
  /** The installer found our bf.cfg. */
  config?: boolean;
  /** The installer has written the system: what boots from now on is the new one. */
  written?: boolean;
  /** After the installer had begun the card started again, and no line said that the system was written: it was reset, and what boots may be the old one. */
  cutShort?: boolean;
  /** The log was seen (nearly) full: a line that is missing proves nothing. */
  lossy?: boolean;
  /** The installed system was started. */
  rebooted?: boolean;
  /** When `DPU is ready` was seen after the installer had begun, by the agent's clock. */
  readyAt?: number;
  /** The marker of this very attempt was seen. */
  configured?: boolean;
  failure?: { reason: Reason; class: FailureClass; message: string };
  /** What went wrong without ending the installation. */
  warnings?: string[];
  /** The last line, and when it came. */
  lastLine?: string;
  lastLineAt?: number;
}

export const emptyStory: LogStory = { percent: 0, message: 'waits for the card to start from the image' };

/** The installer writes nothing any more: it started the installed system, or gave up and restarts the card. */
export const hasEnded = (story: LogStory): boolean =>
  story.rebooted === true || story.readyAt !== undefined || story.configured === true || story.failure?.reason === 'InstallerFailed';

const WRITTEN = { installer: true, written: true };

/** Stages in the order of an installation: a line that matches says that the card got there. */
const STAGES: readonly [RegExp, number, string, Partial<LogStory>?][] = [
  [/BL2\]: start|PSC BL1 START/, 2, 'the card starts from the image'],
  [/UEFI loaded/, 6, 'UEFI is loaded'],
  [/PCIe enum end/, 10, 'UEFI initialises the card'],
  [/exit Boot Service/, 15, 'the installer boots'],
  [/Found bf\.cfg/, 20, 'the installer found bf.cfg', { installer: true, config: true }],
  [/\w+ installation started/, 25, 'the operating system is being installed', { installer: true }],
  [/Installing (?:first |second )?OS image/, 30, 'the operating system is being installed', { installer: true }],
  [/Running bfb_modify_os from bf\.cfg/, 55, 'the installed system is being configured', { installer: true, config: true }],
  [/\w+ installation completed/, 65, 'the operating system is installed', WRITTEN],
  [/Updating NIC firmware/, 68, 'the NIC firmware is being updated', WRITTEN],
  [/Installation finished/, 75, 'the installation is finished', WRITTEN],
  [/Rebooting\.\.\./, 80, 'the card boots the installed system', { ...WRITTEN, rebooted: true }],
  [/Linux up/, 90, 'the installed system is up'],
  [/DPU is ready/, 95, 'the installed system is ready, its first configuration runs'],
];

/** Failure signatures. Each ends the attempt. */
const FAILURES: readonly [RegExp, Reason, FailureClass][] = [
  [/^ERR\[BL1\]: PSC error/, 'ImageRefused', 'neverSucceeds'],
  [/^ERR\[BL\w*\]:/, 'BootImageFailed', 'transient'],
  [/^(?:PANIC|Exception)\(/, 'FirmwareCrashed', 'transient'],
  [/^ERR\[MISC\]: Installation failed/, 'InstallerFailed', 'transient'],
  [/CRITICAL ERROR/, 'InstallerFailed', 'transient'],
  [/Invalid bf\.cfg/, 'ConfigNotApplied', 'transient'],
];

/** Bad news that does not end the installation: BMC part, boot entry, NIC firmware. */
const WARNING = /^(?:ERR|WARN)\[/;

/** What bf.cfg writes into the log: `configured` with its last step, `failed` and the name of the step where one fails. */
export interface Markers {
  configured: string;
  failed: string;
}

/** The story with these new lines added. @param now by the agent's clock */
export function tell(story: LogStory, lines: readonly string[], markers: Markers, now: number): LogStory {
  let told = story;
  for (const line of lines) told = { ...tellLine(told, line, markers, now), lastLine: line.slice(0, 200), lastLineAt: now };
  return told;
}

function tellLine(story: LogStory, line: string, markers: Markers, now: number): LogStory {
  // By op-has-uid the markers carry uid and attempt, so that another attempt's end is never taken for this one's.
  const step = line.split(markers.failed)[1]?.trim();
  if (step !== undefined) {
    const message = `the configuration of the card failed in step ${step.slice(0, 100)}`;
    return { ...story, failure: story.failure ?? { reason: 'ConfigurationFailed', class: 'transient', message } };
  }
  if (line.endsWith(markers.configured))
    return { ...story, configured: true, percent: 100, message: 'the card is installed and configured' };
  const failed = FAILURES.find(([shape]) => shape.test(line));
  if (failed) {
    const [, reason, failureClass] = failed;
    const before = reason === 'InstallerFailed' && story.lastLine ? `${story.lastLine}; ` : '';
    return { ...story, failure: story.failure ?? { reason, class: failureClass, message: `the card's log says: ${before}${line}` } };
  }
  if (WARNING.test(line)) return { ...story, warnings: [...(story.warnings ?? []), line].slice(-5) };
  const stage = STAGES.find(([shape]) => shape.test(line));
  if (!stage) return story;
  const [, percent, message, facts] = stage;
  const ahead = percent >= story.percent ? { percent, message } : {};
  // Only a system that was installed after the push counts: before the installer has begun, this is the old one.
  const ready = percent === 95 && story.installer && story.readyAt === undefined ? { readyAt: now } : {};
  // A log that is read from its beginning again, by the next agent, starts with the start that the installer came after: the installer's lines follow.
  const cutShort = percent === 2 ? story.installer === true && !story.written : story.cutShort === true && !facts?.installer;
  const cut = cutShort === (story.cutShort ?? false) ? {} : { cutShort };
  return { ...story, ...ahead, ...facts, ...ready, ...cut };
}
