import { findUnindented, parseStatements } from './statements.ts';
import type { Statement } from './statements.ts';

const outline = (statements: readonly Statement[], depth = 0): string[] =>
  statements.flatMap(({ text, line, children }) => [
    `${' '.repeat(depth)}${text} <- ${line}`,
    ...outline(children, depth + 1),
  ]);

describe('a configuration of FRR', () => {
  it('is read by its indentation, without comments and what closes blocks', () => {
    const text = `! a comment
router bgp 64512
 bgp router-id 192.0.2.1
 !
 address-family ipv4 unicast
  # another
  neighbor  192.0.2.254   activate
 exit-address-family
 neighbor 192.0.2.254 description behind
exit
!
route-map none deny 10
exit
end
`;
    expect(outline(parseStatements(text))).toEqual([
      'router bgp 64512 <- 2',
      ' bgp router-id 192.0.2.1 <- 3',
      ' address-family ipv4 unicast <- 5',
      '  neighbor 192.0.2.254 activate <- 7',
      ' neighbor 192.0.2.254 description behind <- 9',
      'route-map none deny 10 <- 12',
    ]);
  });

  it('has one block where it is opened twice', () => {
    const text = 'interface eth0\n ip ospf area 0\nexit\ninterface eth0\n ipv6 ospf6 area 0\nexit\n';
    expect(outline(parseStatements(text))).toEqual([
      'interface eth0 <- 1',
      ' ip ospf area 0 <- 2',
      ' ipv6 ospf6 area 0 <- 5',
    ]);
  });

  it('is not taken where the indentation does not say what is inside of what', () => {
    const text = 'router bgp 64512\nneighbor 192.0.2.254 remote-as 64513\n';
    expect(findUnindented(parseStatements(text))).toMatchObject({ line: 2 });
    expect(findUnindented(parseStatements(text.replace('\nn', '\n n')))).toBeUndefined();
  });
});
