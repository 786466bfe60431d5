import * as React from 'react';

import type { ICreateCredential, ICreatedCredential } from '../../api/access';
import { kindHelp, kindWord } from '../../model/credentialWords';
import { useFace } from '../face';
import { useAction } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Select } from '../Select';

type Kind = ICreateCredential['kind'];

const KINDS: readonly Kind[] = ['token', 'key', 'join'];

/** Makes a secret. */
export function NewToken(props: {
  onMade: (made: ICreatedCredential) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const [name, setName] = React.useState('');
  const [kind, setKind] = React.useState<Kind>('token');
  const { busy, problem, run } = useAction();
  const label = trans.__('What it is for');
  return (
    <form
      className="wegent-Form wegent-NewToken"
      onSubmit={event => {
        event.preventDefault();
        run(async () =>
          props.onMade(await gateway.access.create({ kind, name: name.trim() }))
        );
      }}
    >
      <div className="wegent-Row">
        <input
          type="text"
          className="wegent-Field"
          aria-label={label}
          placeholder={label}
          maxLength={100}
          value={name}
          onChange={event => setName(event.target.value)}
        />
        <Select
          label={trans.__('Kind')}
          value={kind}
          options={KINDS.map(one => ({
            value: one,
            label: kindWord(trans, one)
          }))}
          onPick={value => setKind(value as Kind)}
        />
        <PushButton
          submit
          accent
          text={trans.__('Generate')}
          disabled={busy || !name.trim()}
        />
      </div>
      <p className="wegent-Hint">{kindHelp(trans, kind)}</p>
      <Thrown error={problem} />
    </form>
  );
}
