import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJoinWay } from '../../api/access';
import { CopyLine } from '../CopyLine';
import { Disclosure } from '../Disclosure';
import { useTrans } from '../face';
import { Fix } from '../Problem';

/** The commands with which a machine reaches this server: the best one open, the others a click away. */
export function Ways(props: { ways: readonly IJoinWay[] }): React.ReactElement {
  const trans = useTrans();
  return (
    <>
      {props.ways.map((way, at) =>
        at === 0 ? (
          <Way key={way.id} way={way} />
        ) : (
          <Disclosure key={way.id} open={false} summary={wayName(trans, way)}>
            <Way way={way} />
          </Disclosure>
        )
      )}
    </>
  );
}

function Way(props: { way: IJoinWay }): React.ReactElement {
  const trans = useTrans();
  const { way } = props;
  return (
    <div className="wegent-Way" data-way={way.id} data-works={way.works}>
      {way.works && (
        <>
          <CopyLine text={way.join} />
          <p className="wegent-Hint">{where(trans, way)}</p>
        </>
      )}
      {way.reason && (
        <p
          className="wegent-Hint"
          data-level={way.works ? undefined : 'warning'}
        >
          {way.reason}
        </p>
      )}
      {way.fix && <Fix command={way.fix} />}
      {way.works && (
        <Disclosure open={false} summary={trans.__('Later: start it again')}>
          <CopyLine text={way.run} />
        </Disclosure>
      )}
    </div>
  );
}

function wayName(trans: TranslationBundle, way: IJoinWay): string {
  const name = {
    ssh: trans.__('Over SSH'),
    direct: trans.__('Directly, without SSH')
  }[way.id];
  return way.works ? name : trans.__('%1: not possible now', name);
}

function where(trans: TranslationBundle, way: IJoinWay): string {
  return {
    ssh: trans.__(
      'In a terminal of the computer on which Jupyter runs, with the account and the name of the machine. It is a device while this command runs.'
    ),
    direct: trans.__('In a terminal of that machine.')
  }[way.id];
}
