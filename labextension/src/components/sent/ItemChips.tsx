import {
  closeIcon,
  codeIcon,
  listIcon,
  variableIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IContextItem } from '../../api/context';
import { warnIcon } from '../../icons';
import { byteLength, size, unhidden } from '../../model/text';
import { useTrans } from '../face';
import { IconButton } from '../IconButton';

const ICONS = {
  cell: codeIcon,
  output: listIcon,
  error: warnIcon,
  variable: variableIcon
};

/** What goes, or went, with a message: what it is, how much of it, and on demand every character of it. */
export function ItemChips(props: {
  label: string;
  items: readonly IContextItem[];
  onRemove?: (item: IContextItem) => void;
}): React.ReactElement {
  const { items, onRemove } = props;
  const [opened, open] = React.useState<IContextItem | null>(null);
  const id = React.useId();
  const shown = items.find(one => one === opened);
  return (
    <div className="wegent-Sent">
      <ul className="wegent-Chips" aria-label={props.label}>
        {items.map((item, at) => (
          <Chip
            key={at}
            item={item}
            preview={id}
            open={item === shown}
            onOpen={() => open(item === shown ? null : item)}
            onRemove={onRemove}
          />
        ))}
      </ul>
      <div id={id} hidden={!shown}>
        {shown && (
          <pre
            className="wegent-Preview"
            role="region"
            aria-label={unhidden(shown.name)}
            tabIndex={0}
          >
            {unhidden(shown.text)}
          </pre>
        )}
      </div>
    </div>
  );
}

function Chip(props: {
  item: IContextItem;
  /** The id of what shows it. */
  preview: string;
  open: boolean;
  onOpen: () => void;
  onRemove: ((item: IContextItem) => void) | undefined;
}): React.ReactElement {
  const trans = useTrans();
  const { item, open, onRemove } = props;
  const Icon = ICONS[item.kind];
  const name = unhidden(item.name);
  const bytes = size(byteLength(item.text));
  const much = item.detail ? `${unhidden(item.detail)}; ${bytes}` : bytes;
  return (
    <li className="wegent-Chip" data-kind={item.kind}>
      <button
        type="button"
        className="wegent-ChipMain"
        aria-expanded={open}
        aria-controls={props.preview}
        title={trans.__('%1 (%2). Show what the agent gets', name, much)}
        onClick={props.onOpen}
      >
        <Icon.react tag="span" className="wegent-Kind" aria-hidden />
        <span className="wegent-ChipWords">
          <span className="wegent-Title">{name}</span>
          <span className="wegent-Small">({much})</span>
        </span>
      </button>
      {onRemove && (
        <IconButton
          icon={closeIcon}
          label={trans.__('Remove %1', name)}
          onClick={() => onRemove(item)}
        />
      )}
    </li>
  );
}
