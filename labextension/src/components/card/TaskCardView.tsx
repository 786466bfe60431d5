import * as React from 'react';

import type { ITask } from '../../api/types';
import type { CardView, LiveCard } from '../../model/liveCard';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
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
  const { trans } = useFace();
  const { live, fallback } = props;
  const card = useValue(live.card);
  const view = useValue(live.view);
  const next = React.useRef<HTMLDivElement>(null);
  const session = view.kind === 'live' ? view.session : null;
  const painted = usePainted(next, session);
  const now = useLiveTask(view);
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
        unhidden((now ?? card.snapshot).title) || card.taskId
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

/** The task as it is now, whatever the notebook calls it. */
function useLiveTask(view: CardView): ITask | null {
  const { gateway } = useFace();
  const tasks = useValue(gateway.tasks);
  return view.kind === 'live'
    ? (tasks.find(one => one.id === view.task.id) ?? view.task)
    : null;
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
