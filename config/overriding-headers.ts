/**
 * Headers by which a proxy tells the server behind it what it knows of a request. A client that sent one itself would say who it is, or
 * replace what was authorized, so none passes. What ordinary clients send for themselves is not here: a service names its
 * own `identityHeaders`.
 *
 * A name that ends in `*` stands for all that begin so.
 */
export const OVERRIDING_HEADERS: readonly { readonly why: string; readonly names: readonly string[] }[] = [
  {
    why: "the gateway and its filter say it to each other and to the authorization server",
    names: ["x-ebb-*"],
  },
  {
    why: "the request as it was before a proxy: address, host, scheme, path",
    names: ["forwarded", "forwarded-for", "x-forwarded", "x-forwarded-*", "x-original-*", "x-envoy-*"],
  },
  {
    why: "the method: authorized as POST, served as DELETE (Rails, Symfony, Express)",
    names: ["x-http-method", "x-http-method-override", "x-method-override", "x-method"],
  },
  {
    why: "the path or URL: IIS, Symfony, Zend and proxies route by them instead of the request line",
    names: [
      "x-override-url",
      "x-rewrite-*",
      "x-matched-path",
      "x-now-route-matches",
      "x-http-path-override",
      "x-script-name",
    ],
  },
  {
    why: "the host or scheme",
    names: [
      "x-host",
      "x-http-host-override",
      "x-proxy-host",
      "x-backend-host",
      "x-url-scheme",
      "x-scheme",
      "front-end-https",
    ],
  },
  {
    why: "a request of the framework's own (Next.js, CVE-2025-29927)",
    names: ["x-middleware-*", "x-invoke-*"],
  },
  {
    why: "CGI makes HTTP_PROXY of it, which HTTP clients obey (httpoxy, CVE-2016-5385)",
    names: ["proxy"],
  },
  {
    why: "which file a server sends (Rack, nginx, Lighttpd)",
    names: ["x-sendfile", "x-sendfile-*", "x-accel-*", "x-lighttpd-send-file"],
  },
  {
    why: "the client's address; what the platform saw is in x-forwarded-for and cf-connecting-ip",
    names: [
      "x-real-ip",
      "x-client-ip",
      "client-ip",
      "x-cluster-client-ip",
      "true-client-ip",
      "fastly-client-ip",
      "fly-client-ip",
      "do-connecting-ip",
      "x-remote-ip",
      "x-remote-addr",
      "remote-addr",
      "x-originating-ip",
      "x-proxyuser-ip",
      "proxy-client-ip",
      "wl-proxy-*",
      "x-azure-clientip",
      "x-azure-socketip",
      "x-nf-client-connection-ip",
      "x-vercel-forwarded-for",
      "x-vercel-proxied-for",
      "x-appengine-*",
    ],
  },
  {
    why: "who was authenticated, as the server's own module or a proxy before it says (CGI, Apache, Grafana, Authelia)",
    names: [
      "remote-user",
      "remote-groups",
      "remote-name",
      "remote-email",
      "x-remote-user",
      "x-remote-group",
      "x-remote-groups",
      "x-remote-extra-*",
      "x-webauth-*",
    ],
  },
  {
    why: "who was authenticated, as an identity-aware proxy says (oauth2-proxy, Kong, Pomerium, authentik, Vouch)",
    names: [
      "x-auth-request-*",
      "x-consumer-*",
      "x-credential-identifier",
      "x-anonymous-consumer",
      "x-authenticated-userid",
      "x-authenticated-scope",
      "x-pomerium-*",
      "x-authentik-*",
      "x-vouch-*",
    ],
  },
  {
    why: "who was authenticated, as a cloud's load balancer says (Google, AWS, Azure)",
    names: [
      "x-goog-authenticated-user-*",
      "x-goog-iap-*",
      "x-amzn-oidc-*",
      "x-amzn-mtls-*",
      "x-ms-client-principal",
      "x-ms-client-principal-*",
      "x-ms-token-*",
      "x-arr-*",
    ],
  },
  {
    why: "the client's TLS certificate, as whoever ended the connection says (RFC 9440, nginx, Apache, HAProxy)",
    names: [
      "client-cert",
      "client-cert-chain",
      "x-client-cert",
      "x-client-cert-*",
      "x-client-certificate",
      "x-client-dn",
      "x-client-verify",
      "ssl-client-*",
      "x-ssl-*",
      "x-tls-client-*",
    ],
  },
];
