_landscape_control() {
  local current="${COMP_WORDS[COMP_CWORD]}" candidates=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    candidates="@COMMANDS@"
  else
    case "${COMP_WORDS[1]}" in
@CASES@
    esac
  fi
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
  local IFS=$'\n'  # names of files may hold spaces
  COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _landscape_control landscape-control
