/** One simulated BlueField card: its board and the parts that act on it. What is on its disk survives the simulator. */
import { Kubelet } from '../kubelet/kubelet.ts';
import { RshimDevice } from '../rshim/device.ts';
import type { CardSpec } from '../spec.ts';
import type { World } from '../world.ts';
import { Arm } from './arm.ts';
import { Board } from './board.ts';

export class Card extends Board {
  readonly device: RshimDevice;
  readonly arm: Arm;
  readonly kubelet: Kubelet;

  constructor(world: World, host: string, spec: CardSpec, index: number) {
    super(world, host, spec, index);
    this.device = new RshimDevice(this);
    this.kubelet = new Kubelet(this);
    this.arm = new Arm(this);
  }
}
