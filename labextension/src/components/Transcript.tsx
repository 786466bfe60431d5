import * as React from 'react';

import type { IDevice } from '../api/types';
import { holdsSlot } from '../model/states';
import type { IShownTurn } from '../model/transcript';
import { useFace } from './face';
import { useValue } from './hooks';
import { Nearby, NearbyContext } from './nearby';
import { TurnView } from './TurnView';

/** Closer than this to its end, in px, the transcript follows what comes. */
const STICKY = 40;

/** The conversation; it follows new text while the user is at its end. */
export function Transcript(props: {
  turns: readonly IShownTurn[];
  /** Show this turn alone. */
  only?: number | null;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { turns, only = null } = props;
  const devices = useValue(gateway.devices);
  const [scroller, setScroller] = React.useState<HTMLElement | null>(null);
  const [content, setContent] = React.useState<HTMLElement | null>(null);
  const nearby = useNearby(scroller);
  const { following, toEnd } = useFollow(scroller, content);
  const running = turns.findIndex(({ turn }) => holdsSlot(turn.state));
  return (
    <div className="wegent-Transcript">
      <div
        ref={setScroller}
        className="wegent-Scroller"
        role="region"
        aria-label={trans.__('Transcript')}
        tabIndex={0}
      >
        <div ref={setContent} className="wegent-Content">
          {nearby && (
            <NearbyContext.Provider value={nearby}>
              {turns.map(
                (shown, at) =>
                  (only === null || only === shown.turn.id) && (
                    <TurnView
                      key={shown.turn.id}
                      shown={shown}
                      who={whoAnswers(devices, turns, at)}
                      next={running >= 0 && at > running}
                      newest={running < 0 && at === turns.length - 1}
                      last={at === turns.length - 1}
                    />
                  )
              )}
            </NearbyContext.Provider>
          )}
        </div>
      </div>
      {!following && (
        <button
          type="button"
          className="wegent-Button wegent-ToEnd"
          onClick={toEnd}
        >
          {trans.__('↓ Latest')}
        </button>
      )}
    </div>
  );
}

/** The agent of a turn, and its device where that is another one than before. */
function whoAnswers(
  devices: readonly IDevice[],
  turns: readonly IShownTurn[],
  at: number
): string {
  const id = turns[at]?.turn.device_id;
  const agent = turns[at]?.turn.agent ?? '';
  const device = devices.find(one => one.device_id === id);
  const name = device?.agents.find(one => one.id === agent)?.name ?? agent;
  const moved = at > 0 && turns[at - 1]?.turn.device_id !== id;
  return moved ? `${name} · ${device?.name ?? id ?? ''}` : name;
}

/** What tells the parts of a scrolling element when they come near. */
export function useNearby(scroller: HTMLElement | null): Nearby | null {
  const nearby = React.useMemo(
    () => scroller && new Nearby(scroller),
    [scroller]
  );
  React.useEffect(() => () => nearby?.dispose(), [nearby]);
  return nearby;
}

/** Keep the end in sight as long as the user does not scroll away from it. */
function useFollow(
  scroller: HTMLElement | null,
  content: HTMLElement | null
): { following: boolean; toEnd: () => void } {
  const [following, setFollowing] = React.useState(true);
  const follows = React.useRef(true);
  const toEnd = React.useCallback(() => {
    scroller?.scrollTo({ top: scroller.scrollHeight });
  }, [scroller]);
  React.useEffect(() => {
    if (!scroller || !content) {
      return;
    }
    let top = scroller.scrollTop;
    const decide = (): void => {
      follows.current = isAtEnd(scroller);
      setFollowing(follows.current);
    };
    const onScroll = (): void => {
      // Text that came since our own scrolling is below, too: only going up says that the user left.
      if (scroller.scrollTop < top || isAtEnd(scroller)) {
        decide();
      }
      top = scroller.scrollTop;
    };
    const onResize = new ResizeObserver(() => {
      if (follows.current) {
        toEnd();
        // What became shorter moved the text, not the user.
        top = scroller.scrollTop;
      } else {
        decide();
      }
    });
    const onClick = ({ target }: MouseEvent): void => {
      // Who opens something wants to see it, not what is below it.
      if (target instanceof Element && target.closest('[aria-expanded]')) {
        follows.current = false;
      }
    };
    scroller.addEventListener('scroll', onScroll, { passive: true });
    content.addEventListener('click', onClick);
    onResize.observe(scroller);
    onResize.observe(content);
    return () => {
      scroller.removeEventListener('scroll', onScroll);
      content.removeEventListener('click', onClick);
      onResize.disconnect();
    };
  }, [scroller, content, toEnd]);
  return { following, toEnd };
}

function isAtEnd(element: HTMLElement): boolean {
  const { scrollHeight, scrollTop, clientHeight } = element;
  // A hidden tab has no height; it is not the user who left the end.
  return clientHeight === 0 || scrollHeight - scrollTop - clientHeight < STICKY;
}
