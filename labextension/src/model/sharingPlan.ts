import type { SkillRest } from '../api/skillRest';
import type { ISharing, ISharingReport } from '../api/skills';
import { asError } from './loaded';
import { Observable } from './observable';

interface IPlanned {
  sharing: ISharing | null;
  problem: Error | null;
  busy: boolean;
}

/** What sharing the skills of a device would do; it is done as it was shown, or not at all. */
export class SharingPlan extends Observable<IPlanned> {
  constructor(
    private readonly deviceId: string,
    private readonly rest: Pick<SkillRest, 'sharing' | 'share'>
  ) {
    super({ sharing: null, problem: null, busy: false });
  }

  /** What came of it, once it was done. */
  report: ISharingReport | null = null;

  get possible(): boolean {
    const { sharing, busy } = this.value;
    return sharing !== null && sharing.obstacles.length === 0 && !busy;
  }

  /** Ask what would be done. */
  async look(): Promise<void> {
    await this.ask(async () => {
      const { sharing } = await this.rest.sharing(this.deviceId);
      return sharing;
    });
  }

  /** Do it; says whether it was. The device refuses where it is no longer as it was shown: then that is shown. */
  async share(): Promise<boolean> {
    const { sharing } = this.value;
    if (!sharing || !this.possible) {
      return false;
    }
    const { digest } = sharing;
    await this.ask(async () => {
      this.report = await this.rest.share(this.deviceId, digest);
      return this.report.sharing;
    });
    const { problem } = this.value;
    if (problem) {
      await this.look();
      this.replace({ ...this.value, problem });
    }
    return this.report !== null;
  }

  private async ask(call: () => Promise<ISharing>): Promise<void> {
    this.replace({ ...this.value, problem: null, busy: true });
    this.replace(
      await call().then(
        sharing => ({ sharing, problem: null, busy: false }),
        (error: unknown) => ({
          sharing: this.value.sharing,
          problem: asError(error),
          busy: false
        })
      )
    );
  }
}
