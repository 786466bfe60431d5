import * as React from 'react';

import type { IContextItem } from '../../api/context';
import { useTrans } from '../face';
import { ItemChips } from './ItemChips';

/** What of notebooks goes with a message once it is sent. */
export function PendingChips(props: {
  items: readonly IContextItem[];
  onRemove: (item: IContextItem) => void;
}): React.ReactElement | null {
  const trans = useTrans();
  const { items, onRemove } = props;
  return items.length > 0 ? (
    <ItemChips
      label={trans.__('Goes with the message')}
      items={items}
      onRemove={onRemove}
    />
  ) : null;
}
