import { findForeignFile } from './fence.ts';

const inside = (text: string) => findForeignFile(text, '/run/fairlead/router');

describe('findForeignFile', () => {
  it.each([
    ['include', 'include "/etc/bird/*.conf";'],
    ['include of a name that climbs', 'include "../../etc/passwd";'],
    ['include of the folder itself', 'include ".";'],
    ['log', 'log "/var/log/bird.log" all;'],
    ['log with a second file behind the first', 'log "bird.log" 10000 "/etc/bird.old" all;'],
    ['mrtdump', 'mrtdump "/tmp/x";'],
    ['a dump of protocol mrt', 'protocol mrt { filename "/tmp/%N.mrt"; }'],
    ['include behind a comment that ends', '/* " */ include "/etc/x";'],
    ['include behind a string with a comment sign', 'description "#"; include "/etc/x";'],
    ['include behind a string with a comment start', 'description "/*";\ninclude "/etc/x"; # */'],
    ['a key file', 'bird private key "/etc/ssh/key";'],
  ])('finds %s', (_, text) => {
    expect(inside(`router id 1.1.1.1;\n${text}`)).toMatchObject({
      message: expect.stringContaining('/run/fairlead/router'),
    });
  });

  it.each([
    ['behind a large set', `define x = [\n${'10.0.0.0/8{8,32},\n'.repeat(50)}];\nlog "/x" all;`, 53],
    ['in a block that does not close', 'protocol bgp x {\ninclude "/x";', 2],
    ['behind blocks that close too often', '}}}\n;}\ninclude "/x";', 3],
    ['in a function', 'function f()\n{\n if a then {\n include "/x"; } }', 4],
    ['behind a comment that has quotes', '# it\'s "\nprotocol device { }\ninclude "/x";', 3],
  ])('finds a file %s, and its line', (_, text, line) => {
    expect(inside(text)).toMatchObject({ line });
  });

  it('names the line', () => {
    expect(inside('# one\n/* two\nthree */\nlog "/x" all;')).toMatchObject({ line: 4 });
  });

  it.each([
    ['files in the folder', 'include "more.conf"; include "conf.d/*.conf"; log "/run/fairlead/router/bird.log" all;'],
    ['logs that are no files', 'log stderr all; log syslog name "bird" all;'],
    ['comments', '# include "/etc/x"\n/* log "/x" all; */'],
    ['other strings', 'protocol bgp x { description "include /etc/x"; password "/etc/x"; interface "/x"; }'],
    ['a statement that is over', 'log stderr all; protocol bgp x { description "/etc/x"; }'],
  ])('leaves %s alone', (_, text) => {
    expect(inside(text)).toBeUndefined();
  });
});
