/** Reasons of dms-agent's: failures of operations on a host. */
import type { ReasonText } from './text.ts';

export const AGENT_REASONS = {
  CardNotFound: {
    meaning: 'The host has no such card on its PCI bus.',
    fix: 'Check the PCI address of the Dpu and that the card is seated and powered; a power cycle of the host brings back a card that left the bus.',
  },
  RshimMissing: {
    meaning: 'The host has no rshim device for the card.',
    fix: 'Start the rshim service on the host (`systemctl restart rshim`); if the BMC of the DPU owns rshim, stop it there.',
  },
  RshimOwnedByBmc: {
    meaning: 'The BMC of the DPU owns its rshim, so the host cannot reach the card.',
    fix: 'On the BMC: `systemctl disable --now rshim`; then on the host: `systemctl restart rshim`.',
  },
  RshimLocked: {
    meaning: 'The card is in secure NIC mode and refuses a boot stream from the host.',
    fix: 'Leave secure NIC mode or provision the card through its BMC.',
  },
  RshimBusy: { meaning: 'Another process pushes an image into this card.', fix: 'End the other bfb-install or dmsd on the host.' },
  RshimLost: {
    meaning: 'The rshim device of the card went away or failed while it was used.',
    fix: 'Look at the rshim service and the kernel log of the host; the attempt is repeated.',
  },
  ImageNotReadable: {
    meaning: 'The agent cannot read the image on the BFB volume.',
    fix: 'Check that the BFB volume is mounted on the host and that the Bfb is Ready.',
  },
  ImageWrong: {
    meaning: 'The image on the BFB volume is not the one that was asked for (size or digest).',
    fix: 'Something else writes to the BFB volume, or it is damaged: delete and re-create the Bfb.',
  },
  ImageNotForCard: { meaning: 'The image holds nothing that this card could boot.', fix: 'Use a BFB for the generation of the card.' },
  ConfigTooLarge: { meaning: 'The bf.cfg is larger than a card accepts.', fix: 'Make the files in the DPUFlavor smaller or fewer.' },
  ConfigNotApplied: {
    meaning: 'The card installed the image without our bf.cfg: it arrived cut short.',
    fix: 'The attempt is repeated; if it happens again, look at the load of the host.',
  },
  ConfigurationFailed: {
    meaning: 'A step of the configuration that the DPUFlavor asks for failed on the card.',
    fix: 'The message names the step: correct that part of the DPUFlavor (nvconfig, sysctl, grub, containerd, ovs, files); the console of the card says more.',
  },
  CardBusy: {
    meaning: 'An operation on this card is not over yet.',
    fix: '',
  },
  ResetUnderWay: { meaning: 'A reset of the host was issued in this boot, so nothing is installed until it has booted.', fix: '' },
  PushTimedOut: {
    meaning: 'The card stopped taking the image.',
    fix: 'The attempt is repeated; if it happens again, power cycle the host and check that the image suits the card.',
  },
  PushCutOff: { meaning: 'The agent ended while it was pushing the image.', fix: 'Nothing: the push is begun again and costs no try.' },
  PushFailed: { meaning: 'The image could not be pushed into the card.', fix: 'Look at the log of dms-agent on the host.' },
  ImageRefused: {
    meaning: 'The card refuses the firmware in the image (signature or lifecycle).',
    fix: 'Use an image signed for this card.',
  },
  BootImageFailed: {
    meaning: 'The boot firmware in the image reported an error.',
    fix: 'The attempt is repeated; if it happens again, the image or the memory of the card is damaged.',
  },
  FirmwareCrashed: { meaning: 'The firmware of the card crashed.', fix: 'The attempt is repeated; then power cycle the host.' },
  InstallerFailed: { meaning: 'The installer on the card reported that it failed.', fix: 'Its own words are in the message.' },
  InstallerSilent: {
    meaning: 'The card wrote nothing into its log for too long.',
    fix: 'The attempt is repeated; then power cycle the host and look at the console of the card.',
  },
  InstalledOsNotReady: {
    meaning: 'The operating system was installed and does not come up.',
    fix: 'Look at the console of the card; a flavor may ask for more than the card has (huge pages, for example).',
  },
  InstallTimedOut: {
    meaning: 'The installation took longer than its deadline.',
    fix: 'The attempt is repeated; look at the console of the card.',
  },
  VfsNotSupported: {
    meaning: 'The card offers fewer virtual functions than the flavor asks for.',
    fix: 'Set SRIOV_EN and NUM_OF_VFS in the nvconfig of the flavor and reset the host, or ask for fewer.',
  },
  VfsBusy: {
    meaning: 'The virtual functions are in use, so their number cannot change.',
    fix: 'Remove the workloads that use them from the host.',
  },
  DriverFailed: {
    meaning: 'The driver of the card on the host does not work (no driver bound, in error, or no network interface).',
    fix: 'Reset the host; look at `devlink health` for the card.',
  },
  BridgeFailed: { meaning: 'The bridge br-dpu could not be set up.', fix: 'The words of the tool are in the message.' },
  HostResetFailed: {
    meaning: 'The host could not be reset.',
    fix: 'Check that mlxfwreset or ipmitool works on the host, or reset it by hand.',
  },
  HostResetNotSeen: {
    meaning: 'A reset of the host was issued and the host did not go down.',
    fix: 'Reset or power cycle the host by hand; see what keeps it from going down.',
  },
  AgentFault: { meaning: 'The agent met something that it does not expect.', fix: 'Look at the log of dms-agent on the host.' },
} as const satisfies Record<string, ReasonText>;
