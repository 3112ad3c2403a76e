;;; plimsoll.el --- Plimsoll's language server in Eglot  -*- lexical-binding: t -*-

;; Needs Emacs 29, or an older one with Eglot from a package archive. Load it behind your own
;; `eglot-workspace-configuration', to which it adds its section.

;;; Code:

(require 'eglot)

(defvar plimsoll-settings nil
  "Settings with the keys of a plimsoll.yaml, as a property list.
For instance (:rules (:PLM607 \"off\")).")

(add-to-list 'eglot-server-programs
             '((yaml-mode yaml-ts-mode docker-compose-mode dockerfile-mode dockerfile-ts-mode)
               . ("plimsoll" "lsp")))

(defvar plimsoll--other-settings (default-value 'eglot-workspace-configuration)
  "The settings of other servers.")

(defun plimsoll-eglot-settings (server)
  "Return the settings of all servers, with the section that SERVER may ask for."
  (let ((own (or plimsoll-settings (make-hash-table)))
        (others (if (functionp plimsoll--other-settings)
                    (funcall plimsoll--other-settings server)
                  plimsoll--other-settings)))
    ;; Older configurations are lists of pairs.
    (if (consp (car-safe others))
        (cons (cons :plimsoll own) others)
      (append (list :plimsoll own) others))))

(unless (eq (default-value 'eglot-workspace-configuration) #'plimsoll-eglot-settings)
  (setq-default eglot-workspace-configuration #'plimsoll-eglot-settings))

(dolist (hook '(yaml-mode-hook yaml-ts-mode-hook docker-compose-mode-hook))
  (add-hook hook #'eglot-ensure))

(provide 'plimsoll)
;;; plimsoll.el ends here
