import * as React from 'react';

import type { IDevice } from '../api/types';
import { asError, Loaded, type ILoaded } from '../model/loaded';
import type { Observable } from '../model/observable';
import { useFace } from './face';

/** What has just moved is not meant by a click that is on its way, in ms; longer than a double click. */
const SETTLING = 500;

/** The value of an observable, rendered again when it changes. */
export function useValue<T>(observable: Observable<T>): T {
  return React.useSyncExternalStore(
    React.useCallback(notify => subscribe(observable, notify), [observable]),
    () => observable.value
  );
}

/** As `useValue`, but at most once per animation frame: for what changes with every token. */
export function useFrameValue<T>(observable: Observable<T>): T {
  return React.useSyncExternalStore(
    React.useCallback(
      notify => {
        let frame = 0;
        const unsubscribe = subscribe(observable, () => {
          frame ||= requestAnimationFrame(() => {
            frame = 0;
            notify();
          });
        });
        return () => {
          cancelAnimationFrame(frame);
          unsubscribe();
        };
      },
      [observable]
    ),
    () => observable.value
  );
}

function subscribe<T>(
  observable: Observable<T>,
  notify: () => void
): () => void {
  observable.changed.connect(notify);
  return () => {
    observable.changed.disconnect(notify);
  };
}

/** How an agent of a device is called; its id where that is not known. */
export function useAgentName(deviceId: string, agent: string): string {
  const devices = useValue(useFace().gateway.devices);
  const device = devices.find(one => one.device_id === deviceId);
  return device?.agents.find(one => one.id === agent)?.name ?? agent;
}

/** A device by its id, as it is now. */
export function useDevice(id: string | undefined): IDevice | undefined {
  const devices = useValue(useFace().gateway.devices);
  return devices.find(one => one.device_id === id);
}

/** False for a moment after the key changed, so that no click meant for something else hits what came in its place. */
export function useSettled(key: string): boolean {
  const [settled, setSettled] = React.useState<string | null>(null);
  React.useEffect(() => {
    const timer = setTimeout(() => setSettled(key), SETTLING);
    return () => clearTimeout(timer);
  }, [key]);
  return settled === key;
}

/** The time in ms, renewed every `period` ms. */
export function useNow(period: number): number {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}

/** Runs an action once at a time; gives what it failed with. */
export function useAction(): {
  busy: boolean;
  problem: Error | null;
  run: (action: () => Promise<void>) => void;
} {
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<Error | null>(null);
  const run = React.useCallback((action: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    action()
      .catch((error: unknown) => setProblem(asError(error)))
      .finally(() => setBusy(false));
  }, []);
  return { busy, problem, run };
}

/** What a call gives; asked again with every other `load` or `state`, and on demand. */
export function useLoaded<T>(
  load: () => Promise<T>,
  state = ''
): ILoaded<T> & { reload: () => Promise<void> } {
  const loaded = React.useMemo(() => new Loaded(load), [load]);
  React.useEffect(() => void loaded.load(), [loaded, state]);
  const reload = React.useCallback(() => loaded.load(), [loaded]);
  return { ...useValue(loaded), reload };
}
