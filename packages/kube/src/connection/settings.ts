/** How to trust the server and prove who we are on the TLS level. Text is PEM. */
export interface TlsSettings {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecure?: boolean;
}

/** Everything that a connection to an API server needs, as read at one moment. */
export interface ConnectionSettings {
  /** Scheme, host, port and perhaps a path: `https://[fd00::1]:6443`. */
  readonly server: string;
  readonly tls: TlsSettings;
  /** HTTP proxy, from `proxy-url` of a kubeconfig. */
  readonly proxy?: string;
  /** Headers that prove who we are: Authorization, Impersonate-User. */
  readonly headers: Readonly<Record<string, string>>;
  /** Namespace of the Pod or of the kubeconfig's context. */
  readonly namespace?: string;
}

/** Reads the settings; again and again, because tokens and certificates are rotated under a living process. */
export interface SettingsSource {
  /** For messages: the file, or the Pod's service account. */
  readonly description: string;
  /**
   * @param refused true when the last credentials were refused (401): nothing remembered may be used again
   * @throws {KubeConfigError} when there is nothing to read or it makes no sense
   */
  load(refused: boolean): Promise<ConnectionSettings>;
}
