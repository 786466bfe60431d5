import * as React from 'react';

import type { IContextItem } from '../../api/context';
import { useTrans } from '../face';
import { ItemChips } from './ItemChips';

/** What of notebooks went with a message. */
export function SentItems(props: {
  items: readonly IContextItem[];
}): React.ReactElement | null {
  const trans = useTrans();
  const { items } = props;
  return items.length > 0 ? (
    <div className="wegent-SentWith">
      <span className="wegent-Small">{trans.__('Sent:')}</span>
      <ItemChips label={trans.__('Sent with this message')} items={items} />
    </div>
  ) : null;
}
