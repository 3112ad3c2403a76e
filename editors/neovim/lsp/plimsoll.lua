-- Plimsoll's language server, for Neovim 0.11 and newer: `vim.lsp.enable('plimsoll')`.
return {
  cmd = { 'plimsoll', 'lsp' },
  filetypes = { 'yaml', 'yaml.docker-compose', 'yaml.helm-values' },
  -- All Compose and Kubernetes files below the root are analysed together, as one project.
  root_markers = { 'plimsoll.yaml', '.git', 'compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml' },
  settings = { plimsoll = vim.empty_dict() },
}
