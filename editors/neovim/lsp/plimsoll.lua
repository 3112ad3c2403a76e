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

-- Commands of code lenses and code actions, which Neovim runs itself. Each shows what the server answers.

local function ask(context, command, arguments, show)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local params = { command = command, arguments = arguments }
  client:request('workspace/executeCommand', params, function(failure, answer)
    if failure then
      vim.notify(failure.message, vim.log.levels.ERROR)
    elseif answer and answer ~= vim.NIL then
      show(answer)
    end
  end, context.bufnr)
end

local function preview(text)
  local lines = vim.split(text, '\n', { plain = true, trimempty = true })
  vim.lsp.util.open_floating_preview(lines, 'markdown', { border = 'rounded', focus_id = 'plimsoll' })
end

local commands = {
  ['plimsoll.explain'] = function(command, context)
    ask(context, 'plimsoll.explain', command.arguments, preview)
  end,
  ['plimsoll.showDecision'] = function(_, context)
    ask(context, 'plimsoll.decide', { vim.uri_from_bufnr(context.bufnr) }, function(decision)
      local lines = { '**' .. decision.verdict .. '**', '' }
      for _, reason in ipairs(decision.reasons) do
        table.insert(lines, '- ' .. reason)
      end
      preview(table.concat(lines, '\n'))
    end)
  end,
  ['plimsoll.renderTarget'] = function(command, context)
    local arguments = { vim.uri_from_bufnr(context.bufnr), command.arguments[1] }
    ask(context, 'plimsoll.render', arguments, function(text)
      vim.cmd.new()
      vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile = 'nofile', 'wipe', false
      vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(text, '\n', { plain = true, trimempty = true }))
      vim.bo.modifiable = false
      vim.bo.syntax = 'yaml'
    end)
  end,
  ['plimsoll.openPlace'] = function(command, context)
    local uri, line, column = unpack(command.arguments)
    local encoding = assert(vim.lsp.get_client_by_id(context.client_id)).offset_encoding
    local at = { line = line - 1, character = column - 1 }
    vim.lsp.util.show_document({ uri = uri, range = { start = at, ['end'] = at } }, encoding, { focus = true })
  end,
}

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
  commands = commands,
  init_options = { commands = vim.tbl_keys(commands) },
}
