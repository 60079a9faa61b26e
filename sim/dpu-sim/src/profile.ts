/** How long the hardware takes, in seconds of simulated time: figures from the field. */
export const PROFILE = {
  /** Reset delay while boot is opened, by generation. */
  openBF3: 3.5,
  openOlder: 5.5,
  streamBytesPerSecond: 9 * 1024 * 1024,
  ddr: 15,
  uefi: 20,
  /** UEFI stops reading for a while (Redfish work). */
  uefiPause: 10,
  initramfs: 30,
  osImage: 240,
  nicFirmware: 90,
  /** Before and after `Rebooting...`, so that the host can read it. */
  rebootNotice: 3,
  firmwareBoot: 60,
  osBoot: 60,
  armOff: 10,
  hostReboot: 180,
  /** The host's rshim driver makes its nodes that long after the host is up. */
  rshimStart: 5,
  vfCreation: 0.3,
  joinRetry: 15,
} as const;

/** The installer takes the rest of the stream as bf.cfg until nothing came for so long. Real milliseconds are the least: a loaded machine is no pause. */
export const CFG_GAP_SECONDS = 0.5;
export const CFG_GAP_REAL_MS = 150;
