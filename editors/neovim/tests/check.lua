-- Runs inside Neovim with the project's compose.yaml open. Prints the first check that fails and exits
-- with 1.
local function fail(text, ...)
  io.stdout:write(text:format(...), '\n')
  for _, d in ipairs(vim.diagnostic.get(0)) do
    io.stdout:write(('  %d:%d-%d %s %s\n'):format(d.lnum, d.col, d.end_col, tostring(d.code), d.message))
  end
  vim.cmd('cquit 1')
end

local function equal(what, found, expected)
  if not vim.deep_equal(found, expected) then
    fail('%s: expected %s, found %s', what, vim.inspect(expected), vim.inspect(found))
  end
end

local function finding(code)
  for _, d in ipairs(vim.diagnostic.get(0)) do
    if d.code == code then
      return d
    end
  end
end

local function wait(what, condition)
  if not vim.wait(10000, condition, 10) then
    fail('%s did not happen within 10 s', what)
  end
end

local function line_of(text)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column then
      return number - 1, column - 1, line
    end
  end
  fail('`%s` is not in the buffer', text)
end

wait('a finding PLM002', function() return finding('PLM002') end)
local client = vim.lsp.get_clients({ name = 'plimsoll', bufnr = 0 })[1]
equal('the negotiated encoding', client.offset_encoding, 'utf-8')
equal('the root', vim.fs.basename(client.root_dir), 'project')

-- The range is exactly that of the second key, although there is an emoji before it.
local lnum, _, line = line_of('GREETING: hello')
local column = line:find('GREETING: hello', 1, true) - 1
local twice = finding('PLM002')
equal('its range', { twice.lnum, twice.col, twice.end_lnum, twice.end_col }, { lnum, column, lnum, column + 8 })
equal('its source', twice.source, 'plimsoll')
equal('its severity', twice.severity, vim.diagnostic.severity.ERROR)

-- `K` explains the finding.
vim.api.nvim_win_set_cursor(0, { lnum + 1, column })
local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
local hover = client:request_sync('textDocument/hover', params, 10000, 0)
if not (hover and hover.result and hover.result.contents.value:find('PLM002', 1, true)) then
  fail('the hover does not explain PLM002: %s', vim.inspect(hover))
end

-- A fix is offered and applied, and the finding goes away.
wait('a finding PLM101', function() return finding('PLM101') end)
local early = finding('PLM101')
vim.api.nvim_win_set_cursor(0, { early.lnum + 1, early.col })
local chosen
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    chosen = chosen or action
    return action == chosen
  end,
})
wait('the fix of PLM101', function() return not finding('PLM101') end)
line_of('service_healthy')

-- The explanation of a rule, and what a lens leads to, are shown.
local function explained()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
    if vim.api.nvim_win_get_config(window).relative ~= '' and table.concat(lines):find('PLM002', 1, true) then
      return window
    end
  end
end
vim.api.nvim_win_set_cursor(0, { lnum + 1, column })
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return action.title:find('Explain PLM002', 1, true) ~= nil end,
})
wait('the explanation of PLM002', explained)
vim.api.nvim_win_close(explained(), true)
local lenses = client:request_sync('textDocument/codeLens', { textDocument = params.textDocument }, 10000, 0)
lenses = lenses and lenses.result or {}
for _, lens in ipairs(lenses) do
  if not client.commands[lens.command.command] then
    fail('the command `%s` of a lens does nothing', lens.command.command)
  end
end
if #lenses == 0 then
  fail('there is no lens')
end

-- Typing the correction makes the other finding go away.
local corrected = vim.api.nvim_buf_get_lines(0, lnum, lnum + 1, false)[1]:gsub(', GREETING: hello', '')
vim.api.nvim_buf_set_lines(0, lnum, lnum + 1, false, { corrected })
wait('the end of PLM002', function() return not finding('PLM002') end)

-- What is typed is kept, so that other files can be looked at.
vim.cmd('write')

local function go_to(text)
  local number, start = line_of(text)
  vim.api.nvim_win_set_cursor(0, { number + 1, start })
end

local function name()
  return vim.fs.basename(vim.api.nvim_buf_get_name(0))
end

local function attached()
  return #vim.lsp.get_clients({ name = 'plimsoll', bufnr = 0 }) > 0
end

-- The server attaches to every file that it reads, as one client for the project, and to no other one.
for _, file in ipairs({
  '.env', '.env.production', 'Dockerfile', 'chart/values.yaml', 'chart/templates/_helpers.tpl', 'chart/templates/map.yaml',
}) do
  vim.cmd.edit(file)
  wait('attaching to ' .. file, attached)
end
equal('the number of clients', #vim.lsp.get_clients({ name = 'plimsoll' }), 1)
vim.cmd.edit('run.sh')
vim.wait(300)
equal('a client for a script', attached(), false)

-- From the host of a URL to the Service behind it, and from a template to the value that it reads.
vim.cmd.edit('k8s/shop.yaml')
wait('attaching to a manifest', attached)
go_to('shop-api')
vim.lsp.buf.definition()
wait('the jump to the Service', function() return name() == 'service.yaml' end)
equal('the place of its name', vim.api.nvim_win_get_cursor(0), { 3, 17 })
vim.cmd.edit('chart/templates/map.yaml')
wait('attaching to a template', attached)
go_to('greeting | quote')
vim.lsp.buf.definition()
wait('the jump to the value', function() return name() == 'values.yaml' end)

-- A Service gets another name, and so does the host, in a file that is not shown.
vim.cmd.edit('k8s/service.yaml')
wait('attaching to the Service', attached)
go_to('shop-api')
vim.lsp.buf.rename('front')
local function lines(file)
  local bufnr = vim.fn.bufadd(vim.fn.fnamemodify(file, ':p'))
  vim.fn.bufload(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n')
end
wait('the new name', function()
  return lines('k8s/service.yaml'):find('{name: front}', 1, true) and lines('k8s/shop.yaml'):find('http://front:80', 1, true)
end)
vim.cmd('wall')

-- What another process writes is seen after the next save or the next file that is opened.
local function outside(command)
  equal('the exit code of another process', vim.system({ 'sh', '-c', command }):wait().code, 0)
end
local function findings_of(file)
  return #vim.diagnostic.get(vim.fn.bufadd(vim.fn.fnamemodify(file, ':p')))
end
outside("printf 'a: 1\\na: 2\\n' > k8s/twice.yaml")
vim.cmd('write')
wait('a finding in a file that another process wrote', function() return findings_of('k8s/twice.yaml') > 0 end)
outside('rm k8s/twice.yaml')
vim.cmd.edit('chart/Chart.yaml')
wait('the end of the findings in a file that is gone', function() return findings_of('k8s/twice.yaml') == 0 end)

io.stdout:write('every check holds\n')
vim.cmd('qall!')
