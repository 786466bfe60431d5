import type { SettingsKind } from '../api/personal';
import { Observable } from './observable';

type Counts = Readonly<Record<SettingsKind, number>>;

/** How often each part of the settings is known to have changed: who shows it asks again with every other number. */
export class News extends Observable<Counts> {
  constructor() {
    super({ codex: 0, proxy: 0, models: 0 });
  }

  tell(what: SettingsKind): void {
    const { value } = this;
    this.replace({ ...value, [what]: value[what] + 1 });
  }

  /** Anything may have changed, as while the connection was lost. */
  tellAll(): void {
    const { codex, proxy, models } = this.value;
    this.replace({ codex: codex + 1, proxy: proxy + 1, models: models + 1 });
  }
}
