-- Plimsoll's language server, for Neovim 0.11 and newer: `vim.lsp.enable('plimsoll')`.
return {
  cmd = { 'plimsoll', 'lsp' },
  filetypes = { 'yaml', 'yaml.docker-compose', 'yaml.helm-values' },
  -- Everything below the root is read as one project: Compose and Kubernetes files together.
  root_markers = { 'plimsoll.yaml', '.git', 'compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml' },
  settings = { plimsoll = vim.empty_dict() },
}
