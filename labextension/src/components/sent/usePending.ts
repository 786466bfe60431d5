import * as React from 'react';

import type { IContextItem } from '../../api/context';
import { PendingItems } from '../../model/pendingItems';
import { useTrans } from '../face';
import { useValue } from '../hooks';

/** What of notebooks goes with a message that is being written, and how others suggest its text. */
export function usePending(
  setText: (change: (now: string) => string) => void
): {
  pending: PendingItems;
  items: readonly IContextItem[];
  suggest: (text: string) => void;
} {
  const trans = useTrans();
  const [pending] = React.useState(() => new PendingItems(trans));
  const suggest = React.useCallback(
    (text: string) => setText(now => (now.trim() ? now : text)),
    [setText]
  );
  return { pending, items: useValue(pending), suggest };
}
