"""Where programs keep keys and tokens: hidden from commands, asked for when read, in every mode.

All under the home folder, in small letters (see `protected_paths.fold`); a folder stands for all
in it. Each group says whose they are; the source of a name is its program's own documentation.
"""

from __future__ import annotations

_AGENTS = """
.claude.json .claude/.credentials.json .codex/auth.json .codex/.credentials.json
.gemini/oauth_creds.json .gemini/google_accounts.json .gemini/mcp-oauth-tokens.json .gemini/.env
.gemini/antigravity-cli .local/share/opencode/auth.json .local/share/opencode/mcp-auth.json
.vibe/.env .qwen/oauth_creds.json .qwen/.env .qwen/settings.json .kimi/config.toml
.kimi/credentials .kimi-code .config/goose/secrets.yaml .copilot/config.json
.copilot/mcp-config.json .config/github-copilot .cursor/cli-config.json .config/cursor/auth.json
.augment/session.json .aider.conf.yml .aider/oauth-keys.env .local/share/crush/crush.json
.config/crush/crush.json .continue/config.yaml .continue/config.json .continue/.env
.factory/auth.json .factory/config.json .factory/auth.encrypted .config/amp/settings.json
.local/share/amp/secrets.json .pi/agent/auth.json .codeium .kiro/settings/mcp.json .kiro/auth
.aws/sso/cache .cline/data .config/fabric/.env .config/io.datasette.llm/keys.json
.cache/huggingface/token .cache/huggingface/stored_tokens .huggingface/token .config/openai
.openai .anthropic .config/anthropic .config/mistral .mistral .config/replicate .replicate
.ollama/id_ed25519 .config/gptme/config.toml .openhands/settings.json .junie/credentials.json
.trae .config/zed/settings.json .fast-agent/auth .config/plandex .plandex-home/auth.json
.config/antigravity .kilocode/cli/config.json .config/kaggle .kaggle .config/wandb
.config/comet.config .comet.config .config/modal .modal.toml .config/tabnine
"""
_CLOUDS = """
.aws .azure .config/gcloud .kube .docker .dockercfg .config/containers/auth.json .oci .aliyun
.tccli .bluemix .huaweicloud .volcengine .config/doctl .config/hcloud .config/scw .linode-cli
.config/linode-cli .config/vultr-cli .vultr-cli.yaml .fly .wrangler .config/.wrangler
.cloudflared .vercel .config/vercel .local/share/com.vercel.cli .netlify .config/netlify
.config/heroku .railway .config/railway .supabase .pulumi/credentials.json
.terraform.d/credentials.tfrc.json .terraformrc .config/stripe .config/configstore
.config/firebase .databrickscfg .databricks .snowflake .snowsql .boto .s3cfg .config/rclone
.rclone.conf .mc/config.json .minio .passwd-s3fs .vault-token .config/sops .config/age .age
.config/op .config/1password .lpass .config/bitwarden cli .config/lastpass .chef
.ansible/galaxy_token .ansible/vault .vagrant.d/data .saml2aws .awsvault .okta .config/ngrok
.ngrok2 .config/tailscale .teleport .tsh .step .minikube .config/argocd .config/openstack
.config/exoscale .upctl.yaml .ibmcloud .config/civo .civo.json .config/equinix .config/ovhcloud
.ovh.conf .render .config/ansible .config/infracost .nomad-token .consul-token .config/circleci
.circleci/cli.yml .config/buildkite .travis .config/sentry .sentryclirc
"""
_PACKAGES = """
.npmrc .yarnrc .yarnrc.yml .config/pnpm/rc .pypirc .config/pip/pip.conf .pip/pip.conf
.config/pypoetry/auth.toml .local/share/uv/credentials .config/uv/credentials .condarc .anaconda
.config/anaconda .config/binstar .cargo/credentials .cargo/credentials.toml .gem/credentials
.local/share/gem/credentials .bundle/config .m2/settings.xml .m2/settings-security.xml
.gradle/gradle.properties .nuget/nuget/nuget.config .config/nuget .composer/auth.json
.config/composer/auth.json .hex/hex.config .config/hex .sbt/.credentials .ivy2/.credentials
.pub-cache/credentials.json .config/dart/pub-credentials.json .luarocks/upload_config.lua
.conan2/credentials.json .conan/.conan.db .config/helm .jfrog .artifactory .cabal/credentials
.deno/credentials .config/jsr .config/vcpkg .config/hackage .rubygems .config/rubygems
.config/cachix .config/attic .nix-netrc .config/nix/netrc .quay .config/twine
"""
_FORGES = """
.git-credentials .config/git/credentials .git-credential-cache .cache/git/credential .gitcookies
.config/gh .config/hub .config/glab-cli .config/glab .config/tea .config/forgejo-cli
.local/share/forgejo-cli .config/berg-cli .config/bitbucket .config/hut .subversion/auth .arcrc
.config/jira .jira.d .config/.jira .config/acli .config/linear .config/gitea .config/gerrit
.config/sourcehut .config/lab .netrc .config/netrc
"""
_DATABASES = """
.pgpass .pg_service.conf .my.cnf .mylogin.cnf .config/mycli .config/pgcli .config/litecli
.redisclirc .rediscli_auth .odbc.ini .cassandra .influxdbv2 .config/mongocli .config/atlascli
.clickhouse-client .config/turso .planetscale .config/planetscale .neon .config/neonctl .dbvis
.local/share/dbeaverdata .config/dbeaver .oracle .sqlcmd
"""
_MAIL_AND_MESSAGES = """
.muttrc .mutt .config/mutt .config/neomutt .msmtprc .config/msmtp .fetchmailrc .mbsyncrc
.config/isyncrc .offlineimaprc .config/offlineimap .authinfo .authinfo.gpg .config/aerc
.config/himalaya .thunderbird .mozilla .config/google-chrome .config/chromium
.config/bravesoftware .config/microsoft-edge .config/vivaldi .config/opera .config/librewolf
.librewolf .zen .config/signal .config/slack .config/discord .config/element
.local/share/telegramdesktop .config/irssi .irssi .weechat .config/weechat .config/profanity
.purple .config/zoomus.conf
"""
_KEYS = """
.ssh .gnupg .pki .password-store .local/share/password-store .local/share/keyrings
.local/share/kwalletd .local/share/gnome-keyring .config/kwalletrc .config/keepassxc .electrum
.bitcoin .ethereum .config/solana .near-credentials .foundry/keystores .config/sui .aptos
.cosmos .putty .config/filezilla .config/remmina .local/share/remmina .wireguard
.config/protonvpn .config/openvpn .xauthority .iceauthority .rhosts .google_authenticator
.config/yubico .yubico .config/oathtool .htpasswd .smbcredentials
"""
_HISTORIES = """
.bash_history .zsh_history .history .python_history .node_repl_history .psql_history
.mysql_history .sqlite_history .irb_history .pry_history .rediscli_history .mongo .mongodb
.lesshst .viminfo .local/share/fish/fish_history .config/fish/fish_history .local/state/nvim
.ghc/ghci_history .julia/logs .local/share/atuin .duckdb_history .scala_history
"""
_MACOS = """
library/keychains library/cookies library/mail library/messages
library/application support/google/chrome library/application support/firefox
library/application support/bravesoftware library/application support/microsoft edge
library/application support/claude library/application support/1password
library/application support/code library/application support/gcloud
"""


def _read(*tables: str) -> tuple[str, ...]:
    """The names of tables, in which a space within a name follows a known first word."""
    text = " ".join(" ".join(table.split()) for table in tables)
    for whole in ("application support", "microsoft edge", "bitwarden cli"):
        text = text.replace(whole, whole.replace(" ", "\0"))
    return tuple(dict.fromkeys(name.replace("\0", " ") for name in text.split()))


NAMES = _read(
    _AGENTS, _CLOUDS, _PACKAGES, _FORGES, _DATABASES, _MAIL_AND_MESSAGES, _KEYS, _HISTORIES, _MACOS
)
"""Files and folders under the home folder."""
