import type { DevicesRpc } from '../../contracts/oauth.ts'
import type { Device, DeviceAccount, Devices as DeviceTable } from '../../storage/oauth/devices.ts'
import type { Epochs } from '../../storage/oauth/epochs.ts'

/** Browsers, and who is signed in on them. */
export class Devices implements DevicesRpc {
  readonly #table: DeviceTable
  readonly #epochs: Epochs

  constructor(table: DeviceTable, epochs: Epochs) {
    this.#table = table
    this.#epochs = epochs
  }

  create(id: string, device: Device, network: string): void {
    this.#table.create(id, device, network)
  }

  read(id: string): Device | undefined {
    return this.#table.read(id)
  }

  update(id: string, change: Partial<Device>): void {
    this.#table.update(id, change)
  }

  delete(id: string): void {
    this.#table.delete(id)
  }

  signIn(deviceId: string, did: string, epoch: number): boolean {
    this.#epochs.assertCurrent(did, epoch)
    return this.#table.signIn(deviceId, did)
  }

  signOut(deviceId: string, did: string): void {
    this.#table.signOut(deviceId, did)
  }

  accounts(filter: { deviceId?: string; did?: string }): (DeviceAccount & { epoch: number })[] {
    return this.#table
      .accounts(filter)
      .map((account) => ({ ...account, epoch: this.#epochs.of(account.did) }))
  }
}
