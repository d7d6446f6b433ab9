/// A shell that `qemuvm completion` has a script for.
///
/// Each script asks `qemuvm __complete` for what may stand at the cursor: its first line says `files` where files may as
/// well, each other is a word, a tab, and what it is.
enum Shell: String, CaseIterable, Sendable {
  case bash
  case zsh
  case fish

  var script: String {
    switch self {
    case .bash: Self.bashScript
    case .zsh: Self.zshScript
    case .fish: Self.fishScript
    }
  }

  private static let bashScript = #"""
    # bash completion for qemuvm: . <(qemuvm completion bash)
    _qemuvm() {
      local -a lines
      local line
      mapfile -t lines < <("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
      COMPREPLY=()
      for line in "${lines[@]:1}"; do COMPREPLY+=("${line%%$'\t'*}"); done
      if [ "${lines[0]}" = files ]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]#=}")
      fi
    }
    complete -F _qemuvm qemuvm

    """#

  private static let zshScript = #"""
    #compdef qemuvm
    # zsh completion for qemuvm: a file _qemuvm in a folder of fpath, or, behind compinit: . <(qemuvm completion zsh)
    _qemuvm() {
      local -a lines offers
      local line
      lines=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
      for line in "${(@)lines[2,-1]}"; do
        offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
      done
      (( $#offers )) && _describe -V qemuvm offers
      if [[ "$lines[1]" == files ]]; then
        compset -P '--*='
        _files
      fi
    }
    if [ "$funcstack[1]" = _qemuvm ]; then _qemuvm "$@"; else compdef _qemuvm qemuvm; fi

    """#

  private static let fishScript = #"""
    # fish completion for qemuvm: qemuvm completion fish > ~/.config/fish/completions/qemuvm.fish
    function __qemuvm_offers
      set -l typed (commandline -ct)
      set -l words (commandline -opc)
      set -l program $words[1]
      set -e words[1]
      set -l lines (command $program __complete $words "$typed" 2>/dev/null)
      if test "$lines[1]" = files
        __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$typed")
      end
      set -e lines[1]
      string join \n -- $lines
    end
    complete -c qemuvm -f -a '(__qemuvm_offers)'

    """#
}
