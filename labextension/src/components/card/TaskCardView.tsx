import * as React from 'react';

import type { LiveCard } from '../../model/liveCard';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { useValue } from '../hooks';
import { LiveTask } from './LiveTask';
import { NoCard, SavedTask } from './SavedTask';

/** Frames for which the saved copy stays while the live task is painted behind it. */
const FRAMES = 30;

/** A card: the task as it is, else what the notebook saved of it. */
export function TaskCardView(props: {
  live: LiveCard;
  /** What the output says in words. */
  fallback: () => string;
}): React.ReactElement {
  const trans = useTrans();
  const { live, fallback } = props;
  const card = useValue(live.card);
  const view = useValue(live.view);
  const next = React.useRef<HTMLDivElement>(null);
  const session = view.kind === 'live' ? view.session : null;
  const painted = usePainted(next, session);
  if (typeof card === 'string') {
    return <NoCard newer={card === 'newer'} text={fallback()} />;
  }
  return (
    <section
      role="group"
      className="wegent-Card"
      data-task-id={card.taskId}
      data-kind={painted ? 'live' : 'saved'}
      aria-label={trans.__(
        'Task: %1',
        unhidden(card.snapshot.title) || card.taskId
      )}
      aria-busy={view.kind === 'live' && !painted}
    >
      {!painted && (
        <div key="saved" className="wegent-CardFace">
          <SavedTask
            card={card}
            {...(view.kind === 'saved' ? view : STARTING)}
            onRetry={() => live.retry()}
          />
        </div>
      )}
      {view.kind === 'live' && (
        <div
          key="live"
          ref={next}
          className={`wegent-CardFace${painted ? '' : ' wegent-mod-next'}`}
        >
          <LiveTask {...view} turnId={card.turnId} />
        </div>
      )}
    </section>
  );
}

const STARTING = { why: 'loading', problem: null } as const;

/** Whether the renderers in an element are through, so that nobody sees plain text for a moment. */
function usePainted(
  root: React.RefObject<HTMLElement>,
  key: object | null
): boolean {
  const [painted, setPainted] = React.useState(key);
  React.useEffect(() => {
    if (key === null || painted === key) {
      return;
    }
    let frame = 0;
    let frames = 0;
    const look = (): void => {
      const plain = root.current?.querySelector('.wegent-Item .wegent-Plain');
      if (frames++ > 1 && (!plain || frames > FRAMES)) {
        setPainted(key);
      } else {
        frame = requestAnimationFrame(look);
      }
    };
    frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }, [root, key, painted]);
  return key !== null && painted === key;
}
