"""Programs that run what their words, their input or their settings name: asked for every time.

By kind, since that is how one looks whether a program is missing. Names only, a word each.
"""

from __future__ import annotations

_SHELLS = """
ash bash bash-static csh dash elvish es fish ion ksh ksh93 mksh nu nushell oil osh pdksh posh
powershell pwsh rbash rc sash sh tcsh wish xonsh yash zsh zpty command.com cmd cscript wscript
"""
_AS_ANOTHER = """
doas gosu kdesu launchctl machinectl newgrp pkexec runas runcon runuser sg su su-exec sudo
sudo-rs sudoedit setpriv visudo capsh setuidgid
"""
_WITH_OTHER_SETTINGS = """
aoss arch catchsegv chpst chroot chrt choom coproc cpulimit daemonize dbus-launch
dbus-run-session direnv dotenv env envdir envsubst-run eatmydata fakechroot fakeroot faketime
firejail flatpak-spawn flock gdbserver hugectl i386 ionice iogroup jailkit ld.so ld-linux.so
libtool linux32 linux64 local-exec ltrace nice nocache nohup nsenter numactl padsp parallel perf
pipetty prlimit proot proxychains proxychains4 pwait rlwrap script scriptreplay sem setarch
setsid softlimit ssh-agent ssh-copy-id sshpass start-stop-daemon stdbuf strace systemd-cat
systemd-inhibit systemd-nspawn systemd-run systemd-socket-activate taskset time timeout
timelimit torify torsocks tsocks trickle ts uname26 unbuffer unshare unshare-run valgrind vglrun
watch watchexec with-readline x86_64 xargs xvfb-run zutils bwrap schroot pivot_root switch_root
ptyrun setlock multilog run-parts runsv runit s6-svscan supervise dumb-init tini catatonit runc
crun youki
"""
_WATCHERS = """
cargo-watch chokidar entr fswatch guard inotifywait modd nodemon onchange reflex watchman
watchmedo bacon ptw pytest-watch when-changed
"""
_RUNNERS = """
at batch anacron bpftrace bunx bun byobu busybox crontab deno expect foreman honcho just npx
nix-shell nix-build nix overmind pipenv pipx pnpx pm2 pre-commit procfile screen supervisorctl
task tmux toybox tox nox uvx uwsgi gunicorn hivemind mage rake invoke fab doit scons waf xmake
zellij dtach abduco dvtm mprocs concurrently turbo nx lerna rush lage volta fnm nvm asdf mise
rtx pyenv rbenv nodenv
"""
_ELSEWHERE = """
ansible ansible-playbook docker docker-compose distrobox flatpak helm kubectl k3s lima limactl
lxc lxc-attach lxc-execute mosh multipass nerdctl oc plink podman podman-compose rsh salt scp
sftp singularity apptainer slurm srun sbatch ssh telnet toolbox vagrant virsh wsl colima
minikube pdsh clush mpirun mpiexec
"""
_NETWORK_PIPES = """
nc ncat netcat socat websocat openssl
"""
_LANGUAGES = """
awk bc busybox-awk ctags-exec dc ed emacs emacsclient ex gawk gdb gforth guile gnuplot lldb
luajit m4 maple mapfile mathematica matlab mawk maxima mysql mariadb nano nawk octave osascript
psql rhino sed sqlite3 tclsh vi view viewdiff vim vimdiff nvim neovim hx helix kak kakoune micro
jed joe mcedit duckdb sqlplus mongo mongosh redis-cli clickhouse-client influx
"""
_PAGERS = """
bat batcat delta less lesspipe man info more most pg w3m lynx elinks links pinfo
"""
_WRITERS = """
tee ddrescue sponge install-info update-alternatives alternatives systemctl-edit xterm kitty
alacritty wezterm gnome-terminal konsole urxvt rxvt foot terminator ghostty
"""

NAMES = frozenset(
    " ".join(
        (
            _SHELLS, _AS_ANOTHER, _WITH_OTHER_SETTINGS, _WATCHERS, _RUNNERS, _ELSEWHERE,
            _NETWORK_PIPES, _LANGUAGES, _PAGERS, _WRITERS,
        )
    ).split()
)  # fmt: skip
"""All of them, in small letters."""
