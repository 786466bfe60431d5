import { Dialog } from '@jupyterlab/apputils';
import * as React from 'react';

import { DiffView } from '../components/DiffView';
import { useTrans, type IFace } from '../components/face';
import { FaceWidget } from './faceWidget';

export interface IReplacing {
  /** The cell as people know it. */
  name: string;
  before: string;
  after: string;
  /** It is not what was sent, or not what was shown before. */
  changed: boolean;
}

/** Show what would change in a cell; says whether that is agreed to. */
export async function confirmReplacing(
  face: IFace,
  replacing: IReplacing
): Promise<boolean> {
  const { trans } = face;
  const body = new FaceWidget(face, <Body {...replacing} />);
  body.addClass('wegent-Replacing');
  const { button } = await new Dialog({
    title: trans.__('Replace the cell?'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Replace') })
    ],
    // Who confirmed what was shown before has not yet seen this.
    defaultButton: replacing.changed ? 0 : 1
  }).launch();
  return button.accept;
}

function differsInEndsOnly(before: string, after: string): boolean {
  const plain = (text: string): string =>
    text.replaceAll('\r\n', '\n').replace(/\n+$/, '');
  return plain(before) === plain(after);
}

function Body(props: IReplacing): React.ReactElement {
  const trans = useTrans();
  const { name, before, after, changed } = props;
  const diff = React.useMemo(
    () => ({ path: name, old: before, new: after }),
    [name, before, after]
  );
  return (
    <>
      {changed && (
        <p className="wegent-Hint" data-level="warning" role="status">
          {trans.__(
            'The cell was changed meanwhile. This is what would happen to it as it is now.'
          )}
        </p>
      )}
      {differsInEndsOnly(before, after) && (
        <p className="wegent-Hint" role="status">
          {trans.__(
            'Only the ends of lines, or empty lines at the end, differ.'
          )}
        </p>
      )}
      <DiffView diff={diff} />
    </>
  );
}
