import * as React from 'react';

import { MAX_ATTACHMENTS, MAX_BYTES } from '../../api/attachments';
import { attachIcon } from '../../icons';
import { size } from '../../model/text';
import type { INamed } from '../../model/uploads';
import { useTrans } from '../face';
import { IconButton } from '../IconButton';
import { named } from './dropped';

/** Chooses files of the computer that the browser runs on. */
export function AttachButton(props: {
  onFiles: (files: INamed[]) => void;
}): React.ReactElement {
  const trans = useTrans();
  const input = React.useRef<HTMLInputElement>(null);
  return (
    <span className="wegent-Attach">
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={trans.__('Files to attach')}
        onChange={({ target }) => {
          props.onFiles(named(target.files ?? []));
          // The same file may be chosen again.
          target.value = '';
        }}
      />
      <IconButton
        icon={attachIcon}
        label={trans.__('Attach files')}
        title={trans.__(
          'Attach files: choose, paste or drop them. Up to %1 of %2 each.',
          MAX_ATTACHMENTS,
          size(MAX_BYTES)
        )}
        onClick={() => input.current?.click()}
      />
    </span>
  );
}
