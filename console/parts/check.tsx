import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '../data/client';
import { useWords } from '../words';
import { Act, Trouble } from './basics';

/** Looks at something now instead of waiting for the next round. */
export function CheckButton({ path, name }: { path: string; name: string }) {
  const say = useWords();
  const client = useQueryClient();
  const looking = useMutation({
    mutationFn: () => call('POST', path, { body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['get'] }),
  });
  return (
    <>
      <Act icon="refresh" busy={looking.isPending} onClick={() => looking.mutate()}>
        {say('do.check')}
        <span className="unseen"> {name}</span>
      </Act>
      <Trouble error={looking.error} title={say('do.check')} />
    </>
  );
}
