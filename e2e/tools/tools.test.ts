import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTools, KUBERNETES_TOOLS, toolPath } from './binaries.ts';
import { versionFlags } from './build.ts';
import { cacheDirectory, toolsDirectory } from './cache.ts';
import { isAtLeast, parseGoVersion, requiredGoVersion } from './go.ts';
import { isDebian, planInstall } from './packages.ts';
import { findUml, umlExists } from './uml.ts';

const run = promisify(execFile);

describe('where the cache is', () => {
  test('FAIRLEAD_CACHE before XDG_CACHE_HOME before ~/.cache', () => {
    expect(cacheDirectory({ FAIRLEAD_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/a');
    expect(cacheDirectory({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/fairlead');
    expect(cacheDirectory({ HOME: '/c' })).toBe('/c/.cache/fairlead');
  });

  test('the tools are keyed by go.sum', async () => {
    expect(await toolsDirectory({ FAIRLEAD_CACHE: '/a' })).toMatch(/^\/a\/tools\/[0-9a-f]{16}$/);
  });
});

describe('Go', () => {
  test('versions', () => {
    expect(parseGoVersion('go version go1.26.8 linux/amd64')).toBe('1.26.8');
    expect(parseGoVersion('go version go1.19.8 linux/amd64')).toBe('1.19.8');
    expect(parseGoVersion('command not found')).toBeUndefined();
    expect(isAtLeast('1.26', '1.26.0')).toBe(true);
    expect(isAtLeast('1.9.7', '1.26.0')).toBe(false);
    expect(isAtLeast('1.26.1', '1.26.2')).toBe(false);
    expect(isAtLeast('2.0', '1.26.2')).toBe(true);
  });

  test('what go.mod asks for is what Kubernetes says about itself', async () => {
    const goMod = await readFile(join(import.meta.dirname, 'go.mod'), 'utf8');
    expect(requiredGoVersion(goMod)).toMatch(/^1\.\d+\.\d+$/);
    const [, version = ''] = /k8s\.io\/kubernetes (v\S+)/.exec(goMod) ?? [];
    expect(versionFlags(goMod)).toContain(`-X k8s.io/component-base/version.gitVersion=${version} `);
  });
});

describe('missing packages', () => {
  const machine = { debian: true, root: true, systemd: false };

  test('are installed on Debian as root', () => {
    expect(planInstall(['bird2', 'nftables'], machine)).toEqual({
      kind: 'run',
      commands: [
        ['apt-get', 'update', '-qq'],
        ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'bird2', 'nftables'],
      ],
    });
  });

  test('routers that came with their packages do not run on the machine', () => {
    const commands = JSON.stringify(planInstall(['bird2', 'frr'], { ...machine, systemd: true }));
    expect(commands).toContain('"systemctl","disable","--now","bird"');
    expect(commands).toContain('"systemctl","disable","--now","frr"');
    expect(JSON.stringify(planInstall(['nftables'], { ...machine, systemd: true }))).not.toContain('systemctl');
  });

  test('are one command to type elsewhere', () => {
    expect(planInstall(['bird2'], { ...machine, root: false })).toEqual({
      kind: 'ask',
      sentence: expect.stringMatching(/Type: sudo apt-get install -y bird2$/),
    });
    expect(planInstall(['bird2'], { ...machine, debian: false })).toMatchObject({ kind: 'ask' });
    expect(planInstall([], { ...machine, debian: false })).toEqual({ kind: 'nothing' });
  });

  test('Debian and its children are known by os-release', () => {
    expect(isDebian('NAME="Debian GNU/Linux"\nID=debian\n')).toBe(true);
    expect(isDebian('ID=ubuntu\nID_LIKE=debian\n')).toBe(true);
    expect(isDebian('ID="rhel"\nID_LIKE="fedora"\n')).toBe(false);
  });
});

describe('with a cache of its own', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-tools-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  test('tools that are not built are named, with the command that builds them', async () => {
    await expect(findTools({ FAIRLEAD_CACHE: folder })).rejects.toThrow(
      /^etcd, kube-apiserver, .*node e2e\/tools\/setup\.ts/,
    );
  });

  test('what User-mode Linux lacks is named, with the command that installs it', async () => {
    const nowhere = findUml({ FAIRLEAD_CACHE: folder, PATH: folder });
    await expect(nowhere).rejects.toThrow(umlExists() ? /apt-get install -y .*user-mode-linux/ : /does not exist for/);
    expect([umlExists('x64'), umlExists('arm64')]).toEqual([true, false]);
  });

  test('KUBEBUILDER_ASSETS has etcd, kube-apiserver and kubectl; the rest is ours', async () => {
    const environment = { FAIRLEAD_CACHE: folder, KUBEBUILDER_ASSETS: join(folder, 'assets') };
    await mkdir(environment.KUBEBUILDER_ASSETS);
    await writeFile(join(environment.KUBEBUILDER_ASSETS, 'etcd'), '', { mode: 0o755 });
    await writeFile(join(environment.KUBEBUILDER_ASSETS, 'kube-proxy'), '', { mode: 0o755 });
    expect(await toolPath('etcd', environment)).toBe(join(folder, 'assets', 'etcd'));
    expect(await toolPath('kubectl', environment)).toContain('/tools/');
    expect(await toolPath('kube-proxy', environment)).toContain('/tools/');
  });

  test('two set-ups at once build each program once, and leave nothing unfinished', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    // A Go that takes its time and notes what it was asked to build: `go build … -o FILE PACKAGE`.
    const program = `#!/bin/sh
      [ "$1" = version ] && echo "go version go99.0.0 linux/amd64" && exit
      while [ $# -gt 2 ]; do [ "$1" = -o ] && out=$2; shift; done
      for last; do :; done
      echo "$last" >> ${folder}/built
      sleep 0.2
      echo '#!/bin/sh' > "$out" && chmod +x "$out"\n`;
    await writeFile(join(bin, 'go'), program);
    await chmod(join(bin, 'go'), 0o755);
    const env = {
      ...process.env,
      FAIRLEAD_CACHE: join(folder, 'cache'),
      PATH: `${bin}:${process.env['PATH']}`,
      KUBEBUILDER_ASSETS: '',
    };
    const setup = async () => run(process.execPath, [join(import.meta.dirname, 'setup.ts')], { env });
    const [one, two] = await Promise.all([setup(), setup()]);
    expect(`${one.stdout}${two.stdout}`).toContain('another set-up is at work');
    const built = (await readFile(join(folder, 'built'), 'utf8')).trim().split('\n');
    expect(built).toHaveLength(KUBERNETES_TOOLS.length);
    const directory = await toolsDirectory(env);
    expect((await readdir(directory)).sort()).toEqual([...KUBERNETES_TOOLS].sort());
    expect((await setup()).stdout).toBe(`set up: ${directory}\n`);
  }, 30_000);
});
