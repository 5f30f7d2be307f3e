/** Run by netlink.test.ts without capabilities: prints what works, and the messages of what does not. */
import { addLink, openLanSocket, openNetlink } from '@fairlead/netlink';

const netlink = await openNetlink();
netlink.subscribe(() => undefined);
const links = (await netlink.links()).map(({ name }) => name);
const [result] = await netlink.execute([addLink({ name: 'x', kind: 'ifb' })]);
const lan = await openLanSocket({ index: 1 }).then(
  () => 'opened',
  (error: unknown) => String(error),
);
await netlink.close();
console.log(JSON.stringify({ links, request: result?.ok === false ? result.error.message : 'done', lan }));
