-- Plimsoll's language server, for Neovim 0.11 and newer: `vim.lsp.enable('plimsoll')`.

-- All Compose and Kubernetes files below the root are analysed together, as one project.
local markers = { 'plimsoll.yaml', '.git', 'compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml' }

-- Filetypes that other files have too, and what the names of ours look like.
local names = {
  sh = { '^%.env$', '^%.env%.', '^env%.', '%.env$' },
  smarty = { '%.tpl$' },
}

local function is_ours(bufnr)
  local patterns = names[vim.bo[bufnr].filetype]
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(bufnr))
  return not patterns or vim.iter(patterns):any(function(pattern) return name:find(pattern) ~= nil end)
end

return {
  cmd = { 'plimsoll', 'lsp' },
  filetypes = {
    'yaml', 'yaml.docker-compose', 'yaml.helm-values', 'helm', 'dockerfile', 'env', 'dotenv', 'sh', 'smarty',
  },
  root_dir = function(bufnr, attach)
    if is_ours(bufnr) then
      attach(vim.fs.root(bufnr, markers))
    end
  end,
  settings = { plimsoll = vim.empty_dict() },
}
